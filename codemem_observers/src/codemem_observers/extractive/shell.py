"""Shell commands: what was meant, and how it failed."""

from __future__ import annotations

import re

from codemem_observers.extractive.phrasing import clip

_CD = re.compile(r"^\s*cd\s+(\"[^\"]+\"|'[^']+'|\S+)\s*(?:&&|;)\s*")
_PIPE = re.compile(
    r"\s*(?:2>&1|&>\S+|2>\s*/dev/null|>\s*/dev/null)?\s*\|\s*(?:tail|head|grep|egrep|rg|sed|"
    r"awk|less|cat|tee|wc|sort|uniq)\b.*$",
    re.DOTALL,
)
_REDIRECT = re.compile(r"\s+(?:2>&1|&>\s*\S+|2>\s*\S+|<\s*/dev/null)")
_LOOK = re.compile(
    r"^(?:rtk\s+)?(?:ls|cat|head|tail|sed -n|less|wc|find|fd|tree|rg|grep|ag|pwd|echo|which|"
    r"file|stat|du|jq|sleep|true|"
    r"nl|awk|diff|cd|git\s+(?:status|diff|log|show|branch|blame|remote|rev-parse|ls-files|"
    r"stash list|fetch|grep)|"
    r"gh\s+\w+\s+(?:view|list|diff|checks|status))\b"
)
_QUOTED = re.compile(r"'[^']*'|\"(?:[^\"\\]|\\.)*\"")
_PRINTED = re.compile(
    r"\b(?:cat|nl(?: -ba)?|sed -n (?:'[^']*'|\"[^\"]*\"|\S+)|(?:head|"
    r"tail)(?: -n)?(?: -?\d+)?) ([\w@+.-]*[/\w@+-]+\.\w+)(?=\s|$|[;&|])"
)
# Where a failure shows itself; the same words further up may be part of what was printed.
LAST_LINES = 8
_EXITED = re.compile(
    r"exited with (?:exit )?(?:code|status):? [1-9]|^npm (?:ERR!|error)|command not found$|"
    r"^error: (?:unrecognized|unknown|script|could not|unable)|"
    r"^Traceback \(most recent call last\)|^fatal: |"
    r"No such file or directory$",
    re.MULTILINE,
)
_TELLING = re.compile(
    r"error|fail|not found|cannot|can't|unable|unrecognized|unknown|invalid|denied|refused|"
    r"rejected|missing|"
    r"undefined|unexpected|panic|fatal|exception|no such|timed? ?out|conflict|expected",
    re.IGNORECASE,
)
_UNTELLING = re.compile(
    r"^(?:\$ |exit code \d+|error:? script .* exited|npm (?:err!|error) (?:code|path|"
    r"a complete log)|command failed\b.{0,20}$|"
    r"found \d+ errors?\.?|\W*some errors were emitted|\d+ (?:passed|failed|pass|"
    r"fail)\b.{0,20}$|usage:|for more information|hint:)",
    re.IGNORECASE,
)
_TYPE_ERROR = re.compile(r"^(\S+?)[(:]\d+.*?\berror\b[ :]*(?:TS\d+: )?(.+)$", re.MULTILINE)
_LINT_ERROR = re.compile(r"^\s*(?:[×✖]|\d+:\d+\s+error)\s+(.+)$", re.MULTILINE)  # noqa: RUF001
_MODIFIED = re.compile(
    r"^(?:\s*modified:\s+| ?[MARC]{1,2} +)(\S+)$|^ (\S+\.\w+)\s+\|\s+\d+ [+-]+", re.MULTILINE
)
_MODIFIED_LIST = re.compile(r"Modified: \d+ files?\n((?: +\S+\n?)+)")
_WORDS = re.compile(r"[A-Za-z]{2,}\W+(?:\w+\W+)*?[A-Za-z]{2,}")
_PATH = re.compile(r"[\w@-][\w@/-]*[./][\w@./-]*\w")
_RULER = re.compile(r"[━─═=_*-]{4,}")


def core(command: str) -> str:
    """Return the command without what only changes how it is shown: `cd`, redirections, pipes."""
    text = command.strip()
    while match := _CD.match(text):
        text = text[match.end() :]
    text = _REDIRECT.sub("", _PIPE.sub("", text))
    return " ".join(text.split()) or command.strip()


def folder(command: str) -> str:
    """Return where a command changes to before it runs, or nothing."""
    match = _CD.match(command)
    return match[1].strip("\"'") if match else ""


def read_paths(command: str) -> list[str]:
    """Return the files that `cat`, `sed -n` and the like printed."""
    return _PRINTED.findall(command[:2000])


def only_looks(command: str) -> bool:
    """Say whether a command just prints what is there."""
    command = _QUOTED.sub("''", command)
    return all(
        bool(_LOOK.match(part.strip()))
        for part in re.split(r"&&|\|\||;|\|", command)
        if part.strip()
    )


def failed_quietly(output: str) -> bool:
    """Say whether the output tells of a failure that the exit code (of a pipe) hid."""
    return bool(_EXITED.search("\n".join(output[-4000:].splitlines()[-LAST_LINES:])))


def telling_line(output: str) -> str:
    """Return the line that says best what went wrong, at most 160 characters."""
    lines = [_RULER.sub("", line).strip(" \t×✗✘│|>") for line in output[:20_000].splitlines()]  # noqa: RUF001
    lines = [line for line in lines if _WORDS.search(line) and not _UNTELLING.match(line)]
    traceback = any(line.startswith("Traceback (most recent") for line in lines)
    telling = [line for line in lines if _TELLING.search(line)]
    if traceback and telling:
        return clip(telling[-1], 160)
    ranked = sorted(
        telling, key=lambda line: not re.match(r"(?:E\s+|\w*error\b|fatal|!)", line, re.I)
    )
    return clip((ranked or lines or [""])[0], 160)


def first_error(output: str) -> str:
    """Return the first error a type checker or linter named, with its file, or nothing."""
    if match := _TYPE_ERROR.search(output):
        return clip(f"{match[1]}: {match[2]}", 140)
    found = (match[1].strip(" :") for match in _LINT_ERROR.finditer(output))
    return next((clip(text, 120) for text in found if not _UNTELLING.match(text)), "")


def modified_files(command: str, output: str) -> list[str]:
    """Return the files that `git status` or `git diff --stat` said are modified."""
    if not re.search(r"\bgit\b.*\b(?:status|diff)\b", command):
        return []
    found = [one or two for one, two in _MODIFIED.findall(output)]
    for block in _MODIFIED_LIST.findall(output):
        found += [path for path in block.split() if _PATH.fullmatch(path)]
    return list(dict.fromkeys(found))


def similarity(first: str, second: str) -> float:
    """Return how much two commands share of their words, 0 to 1."""
    one, two = set(re.findall(r"[\w./:@-]+", first)), set(re.findall(r"[\w./:@-]+", second))
    return len(one & two) / max(1, len(one | two))


def hides_exit_code(command: str) -> bool:
    """Say whether a pipe hides how the command ended; one into `tail` shows its last words."""
    piped = command.replace("||", "").partition("|")[2]
    return bool(piped) and not re.match(r"\s*tail\b[^|;&]*$", piped)
