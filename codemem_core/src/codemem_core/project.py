"""The project label: one short name that groups the memories of all hosts."""

from __future__ import annotations

import os
import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_DRIVE = re.compile(r"[A-Za-z]:")
# A linked worktree whose main repository is out of reach (moved, another mount) still names it.
_WORKTREE_OF = re.compile(r"(.+)[/\\]\.git[/\\]worktrees[/\\][^/\\]+[/\\]?$")
# Git writes one path into these files; a longer one is not git's.
_MAX_BYTES = 4096


def project_label(
    *, cwd: str | None, payload_project: str | None, environ: Mapping[str, str]
) -> str | None:
    """Return the project that a host's event belongs to, or None when nothing names one.

    `CODEMEM_PROJECT` wins, then the repository around `cwd` (or `cwd` itself), then the `project`
    of the payload. Reads git's files, never runs git: a repository's config can run commands.
    """
    return (
        normalize_label(environ.get("CODEMEM_PROJECT", ""))
        or _folder_label(cwd or "")
        or normalize_label(payload_project or "")
    )


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


def _folder_label(cwd: str) -> str | None:
    if os.path.isabs(cwd) and os.path.isdir(cwd):
        return _repository_label(os.path.normpath(cwd)) or normalize_label(cwd)
    return normalize_label(cwd)


def _repository_label(folder: str) -> str | None:
    """Name the nearest repository at or above `folder`."""
    while True:
        git = os.path.join(folder, ".git")
        if os.path.isdir(git):
            return normalize_label(folder)
        if os.path.isfile(git):
            return _main_repository_label(git) or normalize_label(folder)
        parent = os.path.dirname(folder)
        if parent == folder:
            return None
        folder = parent


def _main_repository_label(git_file: str) -> str | None:
    """Name the repository that a linked worktree belongs to; None for a submodule."""
    marker, _, target = _read(git_file).partition(":")
    # Windows would send the user's credentials to a server that a hostile `.git` file names.
    if marker != "gitdir" or target.strip().startswith(("//", "\\\\")):
        return None
    git_dir = os.path.join(os.path.dirname(git_file), target.strip())
    common_dir = _read(os.path.join(git_dir, "commondir")).strip()
    if common_dir:
        return _bare_label(os.path.normpath(os.path.join(git_dir, common_dir)))
    unreachable = _WORKTREE_OF.match(git_dir)
    return normalize_label(unreachable[1]) if unreachable else None


def _bare_label(git_dir: str) -> str | None:
    """Name a repository by its git folder: `app/.git`, `app/.bare` and `app.git` are all `app`."""
    folder, name = os.path.split(git_dir)
    return normalize_label(folder if name.startswith(".") else name.removesuffix(".git"))


def _read(path: str) -> str:
    """Return the start of a regular file (a pipe would block), or nothing."""
    try:
        if not os.path.isfile(path):
            return ""
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return file.read(_MAX_BYTES)
    except (OSError, ValueError):
        return ""
