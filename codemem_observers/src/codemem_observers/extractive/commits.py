"""Commits: their message from the command, whether they were made from what git answered."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from codemem_observers.extractive.phrasing import end_sentence

_COMMIT = re.compile(r"\bgit\b(?:\s+-[cC]\s+\S+)*\s+commit\b")
# A commit tried out in a scratch repository is none of the project's.
_ELSEWHERE = re.compile(
    r"--dry-run|\bmktemp\b|\bgit init\b|\bcd [\"']?(?:/tmp|/var/tmp|\$\(mktemp)"
)
_PUSH = re.compile(r"(?:^|[;&|]\s*)(?:\w+ )?git(?:\s+-[cC]\s+\S+)*\s+push\b")
_NO_PUSH = re.compile(r"\bpush\b[^;&|]*\s(?:--dry-run|-n|--delete|-d)\b")
_COMMITTED = re.compile(
    r"^\[([\w./#+-]+|detached HEAD)(?: \([\w -]+\))? ([0-9a-f]{7,40})\] (.+)$", re.MULTILINE
)
_NOT_MADE = re.compile(
    r"nothing (?:added )?to commit|no changes added|^(?:fatal|error): |hook\b[^\n]{0,40}\bfailed|"
    r"husky - .*failed|^Aborting commit|script failed",
    re.IGNORECASE | re.MULTILINE,
)
_HEREDOC = re.compile(r"<<-?\s*(['\"]?)(\w+)\1[^\n]*\n(.*?)(?:\n\s*\2\b|\Z)", re.DOTALL)
_FLAG = re.compile(
    r"(?:\s-[a-zA-Z]*m|\s--message)(?:=|\s*)(?:\"((?:[^\"\\]|\\.)*)\"|'([^']*)'|(?=[^\s\"'$-])(\S+))",
    re.DOTALL,
)
_ITEM = re.compile(r"(?:[-*•]|\d{1,2}[.)])\s+(.+)")
_TRAILER = re.compile(
    r"^(?:Co-Authored-By|Signed-off-by|Change-Id|Reviewed-by|.*Generated with)\b", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit that was made."""

    subject: str
    body: tuple[str, ...] = ()
    """Paragraphs and list items of the message, whole, without trailers."""
    items: tuple[str, ...] = ()
    """Those parts of the body that are items of a list."""
    hash: str = ""
    """Abbreviated; empty when nothing printed it."""
    amends: bool = False
    """It replaces the commit before it."""


def commits(command: str) -> bool:
    """Say whether a command makes a commit."""
    return bool(_COMMIT.search(command)) and not _ELSEWHERE.search(command)


def pushes(command: str) -> bool:
    """Say whether a command pushes commits; a dry run, a deletion or a hook's file does not."""
    return bool(_PUSH.search(command)) and not _NO_PUSH.search(command)


def read_commits(command: str, output: str, *, succeeded: bool) -> list[Commit]:
    """Return the commits a command made, in order; most make one."""
    if not commits(command):
        return []
    starts = [match.end() for match in _COMMIT.finditer(command)]
    ends = [*starts[1:], len(command)]
    printed = [(m[3].strip(), m[2][:8]) for m in _COMMITTED.finditer(output)]
    if not printed and (not succeeded or _NOT_MADE.search(output)):
        return []
    made = [_commit(command[start:end]) for start, end in zip(starts, ends, strict=True)]
    if len(printed) == len(made):
        told = zip(made, printed, strict=True)
        made = [
            replace(one, subject=one.subject or subject, hash=hash_)
            for one, (subject, hash_) in told
        ]
    elif printed:
        made = [Commit(subject, hash=hash_) for subject, hash_ in printed]
    return [commit for commit in made if commit.subject]


def _commit(arguments: str) -> Commit:
    subject, _, rest = _message(arguments).strip().partition("\n")
    parts = _parts(rest)
    return Commit(
        subject.strip(),
        tuple(text for text, _ in parts),
        tuple(text for text, is_item in parts if is_item),
        amends="--amend" in arguments.partition("\n")[0],
    )


def _message(arguments: str) -> str:
    """Return the message that the arguments of `git commit` give."""
    heredoc, flags = _HEREDOC.search(arguments), list(_FLAG.finditer(arguments))
    if heredoc and not (flags and flags[0].end() < heredoc.start() and "$(" not in flags[0][0]):
        return heredoc[3]
    texts = [match[1] or match[2] or match[3] or "" for match in flags]
    return "\n\n".join(texts).replace('\\"', '"').replace("\\n", "\n").replace("\\`", "`")


def _parts(body: str) -> list[tuple[str, bool]]:
    """Return paragraphs and list items whole, without trailers, and which of them are items."""
    parts: list[tuple[str, bool]] = []
    fresh = True
    for line in map(str.strip, body.splitlines()):
        item = _ITEM.match(line)
        if _TRAILER.match(line):
            break
        if item or (line and fresh):
            parts.append((item[1] if item else line, bool(item)))
        elif line:
            text, is_item = parts[-1]
            parts[-1] = (f"{text} {line}", is_item)
        fresh = not line
    return [(end_sentence(text), is_item) for text, is_item in parts]
