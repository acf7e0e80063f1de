"""Read an export of format 1.0, ours or an older release's."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, BinaryIO

from codemem_core.capture.delivery import storable
from codemem_core.errors import UnusableFile
from codemem_core.project import normalize_label
from codemem_core.records.event import ORIGINS, StreamKey, epoch_ms
from codemem_core.records.memory import KINDS, NewMemory
from codemem_transfer.export_writer import VERSION
from codemem_transfer.incoming import Incoming
from codemem_transfer.json_stream import elements
from codemem_transfer.legacy import rows
from codemem_transfer.writes import Session, State

_LISTS = ("sessions", "user_prompts", "memory_items", "session_summaries")
_TEXT, _NUMBER, _OBJECT, _MANY = (str,), (int, float), (dict,), (list, dict)
_TYPES: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(
        ("kind", "title", "body_text", "subtitle", "narrative", "tags_text", "created_at",
         "updated_at", "deleted_at", "started_at", "ended_at", "cwd", "project", "import_key",
         "source", "stream_id", "prompt_text", "origin", "extractor", "extractor_version",
         "outdated_by", "seen_at",
         "request", "investigated", "learned", "completed", "next_steps", "notes"), _TEXT),
    **dict.fromkeys(
        ("confidence", "prompt_number", "created_at_epoch", "active", "support", "told", "used"),
        _NUMBER),
    **dict.fromkeys(("facts", "concepts", "files_read", "files_modified", "files_edited"), _MANY),
    "metadata_json": _OBJECT,
}  # fmt: skip
# JSON knows no larger whole number that every reader agrees on; SQLite's end at 2**63.
_MOST = 2**53


@dataclass(slots=True)
class Reader:
    """Takes one file into an `Incoming`."""

    incoming: Incoming
    trust: bool = False
    """Whether origins and confirmations are believed: only of a file nobody else could write."""
    remap: str | None = None
    """The project that everything goes to, whatever the file says."""
    _version: object = None

    def read(self, file: BinaryIO) -> None:
        """Read it all; raises `UnusableFile` for what cannot be used, saying where."""
        number: dict[str, int] = {}
        for name, value in elements(file, lists=_LISTS):
            if name == "version":
                self._version = value
            elif name in _LISTS:
                number[name] = number.get(name, -1) + 1
                where = f"{name}[{number[name]}]"
                try:
                    self._take(name, _checked(value, where))
                except RecursionError as error:
                    raise _unusable(where, "nested too deep") from error
        if self._version != VERSION:
            raise UnusableFile(
                f"not an export of version {VERSION}: `{str(self._version)[:40]}`",
                hint="it has to be a file that `codemem export` wrote",
            )

    def _take(self, name: str, row: dict[str, Any]) -> None:
        if "project" in row:
            row["project"] = self.remap or normalize_label(row["project"] or "")
        if name == "sessions":
            self.incoming.session(row.get("id"), self._session(row))
        elif name == "user_prompts":
            self.incoming.prompt(row.get("session_id"), _prompt(row))
        elif name == "memory_items":
            self._memory(row)
        else:
            self._summary(row)

    def _session(self, row: dict[str, Any]) -> Session:
        source, stream_id = row.get("source"), row.get("stream_id")
        key = row.get("import_key") or f"export|session|{row.get('id')}|{row.get('started_at')}"
        given = rows.session_of(
            row,
            StreamKey(source, stream_id) if source and stream_id else None,
            now_ms=self.incoming.now_ms,
        )
        # These two are written by us; others may have put anything there.
        metadata = {k: v for k, v in given.metadata.items() if k not in {"adopted", "prompts"}}
        return replace(given, key=key, project=row.get("project"), metadata=metadata)

    def _memory(self, row: dict[str, Any]) -> None:
        if not (row.get("title") or row.get("body_text")):
            self.incoming.report.tables["memory_items"].count("empty")
            return
        if row.get("kind") == "session_summary":
            self.incoming.told(rows.gist(row))
        new, state = _ours(row) if "origin" in row else _theirs(row, trust=self.trust)
        known_as = ""
        if "origin" in row and not self.trust:
            # Keys are how the same is told from the new: a stranger's file must not take one that
            # a memory yet to come will have.
            known_as = new.key
            new, state = _distrusted(new, state)
        now_ms = self.incoming.now_ms
        new = replace(new, created_ms=min(new.created_ms, now_ms))
        updated_ms = min(state.updated_ms or now_ms, now_ms)
        state = replace(state, project=self.remap or row.get("project"), updated_ms=updated_ms)
        self.incoming.memory(
            row.get("session_id"), new, state, table="memory_items", known_as=known_as
        )

    def _summary(self, row: dict[str, Any]) -> None:
        counts = self.incoming.report.tables["session_summaries"]
        new = rows.summary_of(row)
        if self.incoming.told(rows.gist(row)):
            counts.count("kept as a memory")
        elif not new.body:
            counts.count("empty")
        else:
            state = State(confirmed=self.trust, project=row.get("project"))
            self.incoming.memory(row.get("session_id"), new, state, table="session_summaries")


def _prompt(row: dict[str, Any]) -> dict[str, Any]:
    """Return what a person asked, with the key it was exported with."""
    prompt = rows.prompt_of(row)
    return prompt | ({"id": row["import_key"]} if row.get("import_key") else {})


_SAID = (
    "title", "body_text", "subtitle", "narrative", "tags_text", "facts", "concepts", "files_read",
    "files_modified", "metadata_json",
)  # fmt: skip


def _ours(row: dict[str, Any]) -> tuple[NewMemory, State]:
    """Return a memory exactly as it was exported, but for secrets."""
    # In one go: field by field it takes three times as long.
    said: dict[str, Any] = rows.clean({name: row.get(name) or "" for name in _SAID})
    kind, origin = row.get("kind") or "", row.get("origin")
    metadata = dict(said["metadata_json"] or {})
    scope = "project"
    if kind == "note" and metadata.get("kind") == "preference":
        kind, scope = metadata.pop("kind"), str(metadata.pop("scope", scope))
    known = {} if kind in KINDS or not kind else {"kind": kind}
    superseded = {"superseded": True} if row.get("superseded") else {}
    created = row.get("created_at")
    new = NewMemory(
        key=row.get("import_key") or f"export:{row['id']}:{created}",
        kind=kind if kind in KINDS else "note",
        title=said["title"],
        body=said["body_text"],
        origin=origin if origin in ORIGINS else "import",
        held=row["held"] if isinstance(row.get("held"), bool) else None,
        subtitle=said["subtitle"],
        facts=tuple(map(str, said["facts"])),
        narrative=said["narrative"],
        concepts=tuple(map(str, said["concepts"])),
        files_read=tuple(map(str, said["files_read"])),
        files_modified=tuple(map(str, said["files_modified"])),
        tags=tuple(said["tags_text"].split()),
        confidence=0.5 if row.get("confidence") is None else float(row["confidence"]),
        prompt_number=row.get("prompt_number"),
        created_ms=epoch_ms(created) if created else 0,
        extractor=row.get("extractor") or "",
        extractor_version=row.get("extractor_version") or "",
        metadata={**metadata, **known, **superseded},
        scope=scope if scope == "user" else "project",
    )
    state = rows.state_of(row, trust=bool(row.get("confirmed")))
    seen = row.get("seen_at")
    return new, replace(
        state,
        pinned=bool(row.get("pinned")),
        support=max(1, int(row.get("support") or 0)),
        seen_ms=epoch_ms(seen) if seen else 0,
        told=max(0, int(row.get("told") or 0)),
        used=max(0, int(row.get("used") or 0)),
        outdated_by=row.get("outdated_by") or "",
    )


def _theirs(row: dict[str, Any], *, trust: bool) -> tuple[NewMemory, State]:
    """Return a memory of a release before 1.0, keyed as `codemem db adopt` would key it."""
    own = row.get("trust_state") in {None, "", "trusted"}  # else a peer sent it
    return rows.memory_of(row), rows.state_of(row, trust=trust and own)


def _distrusted(new: NewMemory, state: State) -> tuple[NewMemory, State]:
    """Return a memory as somebody else's: it is found, but no prompt gets it by itself."""
    said = {"origin": new.origin, "confirmed": state.confirmed, "pinned": state.pinned}
    metadata = {"exported": said, **new.metadata}
    lower = replace(new, key=f"export:{new.key}", origin="import", held=None, metadata=metadata)
    newer = f"export:{state.outdated_by}" if state.outdated_by else ""
    return lower, State(
        active=state.active,
        deleted_ms=state.deleted_ms,
        updated_ms=state.updated_ms,
        outdated_by=newer,
    )


def _checked(value: object, where: str) -> dict[str, Any]:
    """Return an element whose fields are of the types they should be."""
    if not isinstance(value, dict):
        raise _unusable(where, "not an object")
    row: dict[str, Any] = {"id": None, "session_id": None, **storable(value)}
    for name, types in _TYPES.items():
        given = row.get(name)
        if given is None or (isinstance(given, types) and abs(_size(given)) <= _MOST):
            continue
        raise _unusable(f"{where}.{name}", "not " + " or ".join(_NAMES[kind] for kind in types))
    for name in ("created_at", "updated_at", "deleted_at", "started_at", "ended_at", "seen_at"):
        if row.get(name):
            epoch_ms(row[name])
    return row


_NAMES = {str: "text", int: "a number", float: "a number", dict: "an object", list: "a list"}


def _size(value: object) -> float:
    return value if isinstance(value, int | float) else 0


def _unusable(where: str, what: str) -> UnusableFile:
    return UnusableFile(
        f"the file cannot be used: `{where}` is {what}", hint="nothing was imported"
    )
