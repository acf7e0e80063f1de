"""The project label: one short name that groups the memories of all hosts.

Reads git's files, never runs git: a repository's config can run commands.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_DRIVE = re.compile(r"[A-Za-z]:")
# A linked worktree whose main repository is out of reach (moved, another mount) still names it.
_WORKTREE_OF = re.compile(r"(.+)[/\\]\.git[/\\]worktrees[/\\][^/\\]+[/\\]?$")
# Git writes one path into these files; a longer one is not git's.
_MAX_BYTES = 4096
_MAX_CONFIG_BYTES = 65_536
_SECTION = re.compile(r'\s*\[remote "([^"\n]+)"\]')
_ADDRESS = re.compile(r"\s*url\s*=\s*(\S+)")
# `ssh://git@host:22/path`, `https://user:token@host/path`, `git@host:path`
_URL = r"(?:[a-z+]+://)?(?:[^@/]*@)?(\[[^]]+\]|[^/:]+)(?::\d+(?=/)|:)?/*(.+?)(?:\.git)?/*"


class Place:
    """A folder somebody works in: what it is called, why, and what tells it from another one."""

    __slots__ = ("_remote", "folder", "label", "named_by", "repository", "root")

    def __init__(
        self, label: str | None, named_by: str, *, folder: str = "", root: str = "", git: str = ""
    ) -> None:
        self.label = label
        self.named_by = named_by
        """`variable`, `repository`, `worktree`, `remote`, `folder`, `host`; empty without label."""
        self.folder = folder
        """The working directory, normalised, whether it still exists or not."""
        self.root = root
        """The repository's working tree around it; empty when there is none."""
        self.repository = git
        """The git folder that all its worktrees share; empty when there is none."""
        self._remote: str | None = None if git else ""

    @property
    def remote(self) -> str:
        """Where the repository came from, as `host/owner/name`; empty when nothing says so."""
        if self._remote is None:
            self._remote = remote_of(self.repository)
        return self._remote


def project_label(
    *, cwd: str | None, payload_project: str | None, environ: Mapping[str, str]
) -> str | None:
    """Return the project that a host's event belongs to, or None when nothing names one."""
    return place_of(cwd, payload_project=payload_project, environ=environ).label


def place_of(
    cwd: str | None, *, payload_project: str | None = None, environ: Mapping[str, str]
) -> Place:
    """Return the place of a host's event.

    `CODEMEM_PROJECT` names it, else the repository around `cwd` (or `cwd` itself), else the
    `project` of the payload.
    """
    place = _folder_place(cwd or "")
    named = normalize_label(environ.get("CODEMEM_PROJECT", ""))
    if named:
        place.label, place.named_by = named, "variable"
    elif not place.label:
        place.label = normalize_label(payload_project or "")
        place.named_by = "host" if place.label else ""
    return place


def normalize_label(text: str) -> str | None:
    r"""Reduce a path-like label to its last part; None for a blank, a root or a git error.

    Windows rules hold for text with a drive or a backslash, on every system:
    `C:\Users\adam\codemem` and `\\server\share\codemem` are both `codemem`.
    """
    text = text.strip()
    if text in {"", ".", ".."} or text.startswith("fatal:"):
        return None
    label = _last_part(text)
    return label if label == text else normalize_label(label)


def _last_part(path: str) -> str:
    if "\\" in path or _DRIVE.match(path):
        path = path.replace("\\", "/")
        if path.startswith("//"):
            path = "".join(path.split("/", 4)[4:])  # what follows //server/share/
        else:
            path = _DRIVE.sub("", path, count=1)
    return path.rstrip("/").rpartition("/")[2]


def _folder_place(cwd: str) -> Place:
    if not os.path.isabs(cwd):
        label = normalize_label(cwd)
        return Place(label, "folder" if label else "")
    folder = os.path.normpath(cwd)
    found = _repository_place(_nearest(folder))
    if found is None:
        label = normalize_label(folder)
        return Place(label, "folder" if label else "", folder=folder)
    found.folder = folder
    return found


def _nearest(folder: str) -> str:
    """Return the folder, or the first one above it that still exists."""
    while not os.path.isdir(folder) and folder != os.path.dirname(folder):
        folder = os.path.dirname(folder)
    return folder


def _repository_place(folder: str) -> Place | None:
    """Name the nearest repository at or above `folder`."""
    while True:
        git = os.path.join(folder, ".git")
        if os.path.isdir(git):
            return _checkout(folder, git)
        if os.path.isfile(git):
            return _linked_place(folder, git)
        parent = os.path.dirname(folder)
        if parent == folder:
            return None
        folder = parent


def _checkout(root: str, git_dir: str) -> Place:
    """Name a repository by its folder; by its remote where the folder is only a mount point."""
    place = Place(normalize_label(root), "repository", root=root, git=git_dir)
    # Containers mount a repository right below the root, as `/workspace` or `/app`.
    if os.path.dirname(root) in {"/", "/usr/src"} and (remote := place.remote):
        place.label, place.named_by = normalize_label(remote), "remote"
    return place


def _linked_place(root: str, git_file: str) -> Place:
    """Name what a `.git` file belongs to: a worktree's main repository, a submodule's own folder.

    A file that git did not write names nothing but its folder.
    """
    marker, _, target = _read(git_file).partition(":")
    # Windows would send the user's credentials to a server that a hostile `.git` file names.
    if marker != "gitdir" or target.strip().startswith(("//", "\\\\")):
        return Place(normalize_label(root), "repository", root=root)
    git_dir = os.path.normpath(os.path.join(os.path.dirname(git_file), target.strip()))
    common_dir = _read(os.path.join(git_dir, "commondir")).strip()
    if common_dir:
        git_dir = os.path.normpath(os.path.join(git_dir, common_dir))
        label = _bare_label(git_dir)
    else:
        unreachable = _WORKTREE_OF.match(git_dir)
        if not unreachable:
            return _checkout(root, git_dir)
        label, git_dir = normalize_label(unreachable[1]), os.path.join(unreachable[1], ".git")
    return Place(label or normalize_label(root), "worktree", root=root, git=git_dir)


def _bare_label(git_dir: str) -> str | None:
    """Name a repository by its git folder: `app/.git`, `app/.bare` and `app.git` are all `app`."""
    folder, name = os.path.split(git_dir)
    return normalize_label(folder if name.startswith(".") else name.removesuffix(".git"))


def remote_of(repository: str) -> str:
    """Return a repository's remote, `origin` before others, as `host/owner/name`, lower-case.

    The same for every way to write the address, and without the credentials it may hold; empty
    when there is none or it is a path. `repository` is its git folder.
    """
    remotes = _remotes(_read(os.path.join(repository, "config"), _MAX_CONFIG_BYTES))
    url = remotes.get("origin") or next(iter(remotes.values()), "")
    if url.startswith((".", "/", "~", "file:")) or _DRIVE.match(url):
        return ""
    match = re.fullmatch(_URL, url, re.IGNORECASE)
    remote = f"{match[1]}/{match[2]}".lower() if match else ""
    return remote.encode("utf-8", "replace").decode()


def birth_of(repository: str) -> Iterator[str]:
    """Yield what a git folder keeps from its first days, wherever it is moved.

    `git init` and `git clone` write `description` once; the first line of the log of `HEAD` is the
    first commit or the clone.
    """
    with suppress(OSError, ValueError):
        yield f"made:{os.stat(os.path.join(repository, 'description')).st_mtime_ns}"
    first = _read(os.path.join(repository, "logs", "HEAD")).partition("\n")[0]
    if first:
        import zlib  # noqa: PLC0415 - only where a session begins

        yield f"log:{first[41:81]}:{zlib.crc32(os.fsencode(first)):08x}"


def _remotes(config: str) -> dict[str, str]:
    """Return the first address of each remote, in order; one line at a time, so in linear time."""
    found: dict[str, str] = {}
    remote = ""
    for line in config.split("\n"):
        if line.lstrip().startswith("["):
            section = _SECTION.match(line)
            remote = section[1] if section else ""
        elif remote and (address := _ADDRESS.match(line)):
            found.setdefault(remote, address[1])
    return found


def _read(path: str, limit: int = _MAX_BYTES) -> str:
    """Return the start of a regular file (a pipe would block), or nothing."""
    try:
        if not os.path.isfile(path):
            return ""
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return file.read(limit)
    except (OSError, ValueError):
        return ""
