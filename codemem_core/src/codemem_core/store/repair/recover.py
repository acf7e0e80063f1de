"""A damaged database: keep it, save what can be read, go on in a new one."""

from __future__ import annotations

import contextlib
import os
import shutil
from dataclasses import dataclass

from codemem_core.errors import Damaged, StoreError
from codemem_core.store.engine.connection import APPLICATION_ID, connect
from codemem_core.store.engine.exclusive import kept_name, replace, sole_use
from codemem_core.store.engine.migrate import migrate
from codemem_core.store.engine.schema import NotOurs, model, schema_of
from codemem_core.store.engine.writer import in_transaction
from codemem_core.store.repair.btree_pages import leaves_of
from codemem_core.store.repair.check import Health, check, rebuild_index
from codemem_core.store.repair.row_scan import tables_of
from codemem_core.store.repair.salvage import Salvaged, salvage

_COPY_BYTES = 1 << 20
_LOOKED_AT = 1 << 20
_TELLING = 60
"""Characters that make a statement nobody else's."""
_HEADER_BYTES = 72
_MINE = APPLICATION_ID.to_bytes(4)
"""How the header of our databases ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovered:
    """What became of a damaged database."""

    path: str
    """The new one."""
    kept: str
    """The damaged one, as it was; its WAL, if it had one, beside it."""
    damage: tuple[str, ...]
    result: Salvaged

    def __str__(self) -> str:
        """Say it in one line."""
        saved = ", ".join(f"{n} {name}" for name, n in self.result.saved.items() if n)
        lost = sum(self.result.lost.values())
        return (
            f"the database was damaged: `{self.path}`; kept as `{self.kept}`; "
            f"saved {saved or 'nothing'}; lost {lost} rows"
        )


def mend(path: str, *, quick: bool = False) -> str | None:
    """Check a database and repair what can be; return one line, or None when it was sound.

    A search index that is out of step is made anew; a damaged file is recovered. For a process that
    has no connection to the database. Raises `StoreError` when somebody else has one and the file
    is damaged.
    """
    health = _look(path, quick)
    if health.damage:
        return str(recover(path, health))
    if not health.index_in_step:
        repair_index(path)
        return f"the search index was out of step and was rebuilt: `{path}`"
    return None


def _look(path: str, quick: bool) -> Health:
    try:
        return check(path, quick=quick)
    except NotOurs:
        with open(path, "rb") as file:
            header = file.read(_HEADER_BYTES)
        if not os.path.exists(f"{path}-wal") or not header.endswith(_MINE):
            raise
        return Health(damage=("the WAL beside it is of another database",))


def repair_index(path: str) -> None:
    """Make the search index anew from the memories; raises `StoreError`."""
    db = connect(path)
    try:
        in_transaction(db, rebuild_index)
    finally:
        db.close(True)


def recover(path: str, health: Health) -> Recovered:
    """Save what can be read of a damaged database into a new one in its place.

    All of it before the new one appears: ids stay what they were, nothing has to be merged, and
    there is never a half of a database to flush. Who wants to write meanwhile waits, then spools.
    Killed at any moment, this begins again. Raises `StoreError` when somebody has it open, or when
    the file is none of ours.
    """
    work, kept = f"{path}.salvage", kept_name(path, "damaged")
    with sole_use(path) as file:
        # A folder left behind by a killed attempt: nobody else can be in it.
        shutil.rmtree(work, ignore_errors=True)
        os.mkdir(work, 0o700)
        try:
            copy, fresh = os.path.join(work, "damaged"), os.path.join(work, "fresh")
            _copy(file, path, copy)
            if not _ours(copy):
                raise StoreError(
                    f"not a database of codemem: `{path}`", hint="move it away, or name another"
                )
            result = _save(copy, fresh, mark=os.path.basename(kept))
            replace(path, fresh, kept=kept)
        except OSError as error:
            raise StoreError(f"the salvage failed: `{path}`: {error.strerror}") from error
        finally:
            shutil.rmtree(work, ignore_errors=True)
    return Recovered(path=path, kept=kept, damage=health.damage, result=result)


def _copy(file: int, path: str, copy: str) -> None:
    """Copy the database and its WAL as they are.

    Through the descriptor that holds the lock: to open and close another one would give it up.
    """
    with open(os.open(copy, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as out:
        os.lseek(file, 0, os.SEEK_SET)
        while block := os.read(file, _COPY_BYTES):
            out.write(block)
    with contextlib.suppress(FileNotFoundError):
        shutil.copyfile(f"{path}-wal", f"{copy}-wal")


def _ours(copy: str) -> bool:
    """Say whether the file was once a database of codemem: by its header, or what is left of it.

    A statement of our schema is proof enough; so is a page of rows as only our tables have them.
    """
    with open(copy, "rb") as file:
        start = file.read(_LOOKED_AT)
        if start[:_HEADER_BYTES].endswith(_MINE):
            return True
        with contextlib.closing(model()) as db:
            statements = [sql.encode() for _, sql in schema_of(db) if sql and len(sql) > _TELLING]
            kinds = [table.stored_kinds for table in tables_of(db) if len(table.kinds) > 8]
            size = int(db.execute("PRAGMA page_size").get)
        if any(statement in start for statement in statements):
            return True
        return any(leaves_of(file, each, page_size=size) for each in kinds)


def _save(copy: str, fresh: str, *, mark: str) -> Salvaged:
    db = connect(fresh)
    try:
        migrate(db, fresh)
        # Parents may be lost, and come last: the stand-ins are made at the end.
        db.execute("PRAGMA foreign_keys = OFF")
        result: Salvaged = in_transaction(db, lambda db: salvage(copy, db, mark=mark))
        health = check(fresh)
        if not health.sound:
            raise Damaged(f"the salvaged database is not sound: {health}")
    finally:
        db.close(True)
    return result
