"""Projects: what a place is called in this database, and why.

A label comes from a folder's name (`project.py`). Here two things are added that only the database
knows: what people decided (rename, merge, split), and which repository had the label first, so that
two folders of the same name do not share their memories. On the hook path: no heavy imports.
"""

from __future__ import annotations

import os

import apsw

from codemem_core.project import Place, birth_of, normalize_label, place_of
from codemem_core.store.engine.connection import rows

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


class PlaceName:
    """What a place is called, and why."""

    __slots__ = ("named", "place", "project", "why")

    def __init__(self, project: str | None, why: str, place: Place, *, named: bool = False) -> None:
        self.project = project
        self.why = why
        """One sentence for people."""
        self.place = place
        self.named = named
        """Whether a person or a host gave the name, and not the place."""


def settled(db: apsw.Connection, label: str | None, cwd: str | None) -> str | None:
    """Return the project of work in `cwd` that a host or a resolver called `label`."""
    return answer(db, label, cwd).project


def answer(db: apsw.Connection, label: str | None, cwd: str | None) -> PlaceName:
    """Return the same with the reason. Writes nothing."""
    place = place_of(cwd, environ={})
    if label is None:
        return PlaceName(None, "nothing names it", place, named=True)
    if label == place.label:
        return _by_rule(db, place) or _by_repository(db, place) or _by_label(db, place)
    # A label that is not the folder's was given by a person or a host: no rule about folders.
    why = "CODEMEM_PROJECT or the host names it"
    return _renamed(db, label, place, named=True) or PlaceName(label, why, place, named=True)


def _by_label(db: apsw.Connection, place: Place) -> PlaceName:
    label, why = place.label, _REASONS.get(place.named_by, "")
    older = normalize_label(place.root) if place.named_by == "remote" else None
    if older and _used_before(db, place, older):
        label, why = older, "the name of the folder, as it was before"
    found = _renamed(db, label or "", place)
    # Who has the old name now may be somebody else.
    if found and not _holder(db, place, found.project):
        return found
    other = _holder(db, place, label)
    if other:
        return PlaceName(_qualified(db, place), f"`{label}` is another repository: {other}", place)
    return PlaceName(label, why, place)


def _renamed(
    db: apsw.Connection, label: str, place: Place, *, named: bool = False
) -> PlaceName | None:
    project = _named(db, "label", label)
    why = f"`{label}` was renamed or merged"
    return PlaceName(project, why, place, named=named) if project else None


_REASONS = {
    "repository": "the name of the repository's folder",
    "worktree": "the name of the main repository; this is a linked worktree",
    "remote": "the name of the remote; a folder below the root is a container's mount point",
    "folder": "the name of the folder; it is in no repository",
}


def joins(db: apsw.Connection, found: PlaceName) -> bool:
    """Say whether a folder that was never seen is about to share a project by its remote alone.

    Whoever writes a `.git/config` chooses the remote, so the user hears of it.
    """
    remote, known = found.place.remote, _values(db, "repository", found.project)
    ours = {value for kind, value in _marks(found.place) if kind == "repository"}
    return bool(
        not found.named
        and remote in _values(db, "remote", found.project)
        and known
        and not ours & set(known)
    )


def is_chosen(label: str | None, cwd: str | None) -> bool:
    """Say whether a person, a host or a plugin gave a name that is not the folder's own."""
    return label is not None and label != place_of(cwd, environ={}).label


def claim(db: apsw.Connection, label: str | None, cwd: str | None) -> str | None:
    """Return the same as `settled`, and remember which repository has the label now."""
    found = answer(db, label, cwd)
    if found.project and not found.named:
        for kind, value in (*_marks(found.place), *_births(found.place)):
            db.execute(
                "INSERT INTO places (kind, value, project) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                (kind, value, found.project),
            )
    return found.project


def _by_rule(db: apsw.Connection, place: Place) -> PlaceName | None:
    """Look for a folder, this one or the nearest above, that a person gave to a project."""
    if not place.folder:
        return None
    rules = rows(db, "SELECT value, project FROM places WHERE kind = 'folder'")
    if not rules:
        return None
    folder = os.path.realpath(place.folder)
    fitting = [(len(value), value, to) for value, to in rules if is_below(folder, value)]
    if not fitting:
        return None
    _, folder, project = max(fitting)
    return PlaceName(project, f"`codemem project split` gave it {folder}", place, named=True)


def _by_repository(db: apsw.Connection, place: Place) -> PlaceName | None:
    remote = place.remote
    project = _named(db, "remote", remote) if remote else None
    if project:
        return PlaceName(project, f"known by its remote: {remote}", place)
    for value in _known_by(place):
        project = _named(db, "repository", value)
        if project and _may_be(db, project, remote):
            return PlaceName(project, f"known by its folder: {value}", place)
    return _by_birth(db, place)


def _known_by(place: Place) -> Iterator[str]:
    """Yield the paths that a place may have been seen by, its own folder first.

    A folder keeps its project when it becomes a repository, or a part of one, or no longer is one.
    """
    for path in dict.fromkeys(filter(None, (place.folder, place.root, place.repository))):
        yield _path(path)
    if not place.repository:
        yield _path(os.path.join(place.folder, ".git"))


def _by_birth(db: apsw.Connection, place: Place) -> PlaceName | None:
    """Look for a repository that was moved: the same one, no longer where it was."""
    for kind, value in _births(place):
        project = _named(db, kind, value)
        paths = _values(db, "repository", project)
        # Where one of them has the same birth, this is a copy of it.
        if project and not any(value in birth_of(path) for path in paths):
            gone = [path for path in paths if not os.path.exists(path)]
            return PlaceName(project, f"moved here from {gone[0] if gone else 'elsewhere'}", place)
    return None


def _births(place: Place) -> Iterator[tuple[str, str]]:
    if place.repository:
        for value in birth_of(place.repository):
            yield "birth", value


def _may_be(db: apsw.Connection, project: str, remote: str) -> bool:
    """Say whether a folder seen before can still be the same repository.

    Its owner may have been renamed. In containers, `/workspace` is another repository every time.
    """
    names = {value.rpartition("/")[2] for value in _values(db, "remote", project)}
    return not remote or not names or remote.rpartition("/")[2] in names


def _holder(db: apsw.Connection, place: Place, label: str | None) -> str | None:
    """Return the address of another repository that has a label, if that is sure.

    Not sure when it is gone from this machine: it was moved here, or this is a container. Whoever
    used the label before keeps it with the memories it has.
    """
    remote, ours = place.remote, {value for _, value in _marks(place)}
    if not ours:
        return None
    others = _values(db, "remote", label)
    if remote and others and remote not in others:
        return None if _used_before(db, place, label) else others[0]
    there = [value for value in _values(db, "repository", label) if value not in ours]
    gone = [value for value in there if not os.path.isdir(value)]
    if not there or gone or (remote and remote in others) or _used_before(db, place, label):
        return None
    return there[0]


def _used_before(db: apsw.Connection, place: Place, label: str | None) -> bool:
    query = "SELECT DISTINCT cwd FROM sessions WHERE project = ? AND cwd IS NOT NULL"
    root = place.root or place.folder
    return any(is_below(cwd, root) for (cwd,) in rows(db, query, (label,)))


def is_below(path: str, folder: str) -> bool:
    """Say whether a path is a folder or in it; neither needs to exist."""
    path = os.path.normpath(path)
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def _qualified(db: apsw.Connection, place: Place) -> str:
    """Return a label that tells this place from another one of its name: `api@acme`."""
    remote = place.remote
    near = place.root or place.folder
    if place.named_by == "worktree":
        near = os.path.dirname(place.repository)
    owner = remote.split("/")[-2] if remote else os.path.basename(os.path.dirname(near))
    label = normalize_label(f"{place.label}@{owner or 'root'}") or ""
    if not _values(db, "remote", label) and not _values(db, "repository", label):
        return label
    import zlib  # noqa: PLC0415 - a third one of the same name and owner

    return f"{label}-{zlib.crc32(os.fsencode(remote or near)):08x}"


def _marks(place: Place) -> Iterator[tuple[str, str]]:
    """Return what this place can be known by again."""
    if place.remote:
        yield "remote", place.remote
    for path in filter(None, (place.repository, place.root or place.folder)):
        if os.path.exists(path):
            yield "repository", _path(path)


def _path(path: str) -> str:
    """Return a path as it is stored: the same whatever links lead there.

    SQLite takes no lone surrogates, which stand for bytes that are no UTF-8.
    """
    return os.fsencode(os.path.realpath(path)).decode("utf-8", "replace")


def _named(db: apsw.Connection, kind: str, value: str) -> str | None:
    value = value.encode("utf-8", "replace").decode()
    found = rows(db, "SELECT project FROM places WHERE kind = ? AND value = ?", (kind, value))
    return found[0][0] if found else None


def remotes(db: apsw.Connection, project: str | None) -> list[str]:
    """Return the addresses of the repositories that were seen in a project."""
    return _values(db, "remote", project)


def by_remotes(db: apsw.Connection, addresses: list[str]) -> str | None:
    """Return the project of this machine in which one of these repositories was seen, or None."""
    return next(filter(None, (_named(db, "remote", one) for one in addresses)), None)


def _values(db: apsw.Connection, kind: str, project: str | None) -> list[str]:
    query = "SELECT value FROM places WHERE project = ? AND kind = ? ORDER BY value"
    return [value for (value,) in rows(db, query, (project, kind))]
