"""Commits: their message from the command, whether they were made from what git answered."""

from __future__ import annotations

import re
from dataclasses import dataclass

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
_TRAILER = re.compile(
    r"^(?:Co-Authored-By|Signed-off-by|Change-Id|Reviewed-by|.*Generated with)\b", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit that was made."""

    subject: str
    body: tuple[str, ...] = ()
    """Paragraphs and list items of the message, whole, without trailers."""
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
            Commit(one.subject or subject, one.body, hash_, one.amends)
            for one, (subject, hash_) in told
        ]
    elif printed:
        made = [Commit(subject, hash=hash_) for subject, hash_ in printed]
    return [commit for commit in made if commit.subject]


def _commit(arguments: str) -> Commit:
    subject, *body = _message(arguments) or [""]
    return Commit(subject, tuple(body), amends="--amend" in arguments.partition("\n")[0])


def _message(arguments: str) -> list[str]:
    """Return a message without trailers: subject, then paragraphs and list items."""
    heredoc, flags = _HEREDOC.search(arguments), list(_FLAG.finditer(arguments))
    if heredoc and not (flags and flags[0].end() < heredoc.start() and "$(" not in flags[0][0]):
        return _paragraphs(heredoc[3])
    texts = [match[1] or match[2] or match[3] or "" for match in flags]
    message = "\n\n".join(texts).replace('\\"', '"').replace("\\n", "\n").replace("\\`", "`")
    return _paragraphs(message)


def _paragraphs(message: str) -> list[str]:
    subject, _, body = message.strip().partition("\n")
    parts = [subject.strip()]
    fresh = True
    for line in map(str.strip, body.splitlines()):
        item = re.match(r"[-*•]\s+(.+)", line)
        if _TRAILER.match(line):
            break
        if not line or item or fresh:
            parts.append(item[1] if item else line)
        else:
            parts[-1] += " " + line
        fresh = not line
    return [part if at == 0 else end_sentence(part) for at, part in enumerate(parts) if part]
