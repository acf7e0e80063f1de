"""A shell command as words: quotes, heredocs, pipes, substitutions, redirections.

No shell is imitated: variables stay as they are written, and what does not parse is read as far as
it goes. One pass over the text; substitutions are read again by themselves, to a fixed depth.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

MAX_CHARS = 20_000
"""Characters of a command that are read."""
_DEPTH = 4
_OPERATOR = re.compile(r"&&|\|\||;;|\|&|[;&|\n()]")
_REDIRECT = re.compile(r"(?:\d*|&)(?:>>|>\||>|<<<|<)&?")
_HEREDOC = re.compile(r"\d*<<(-?)\s*(['\"]?)([\w.-]+)\2")
_SPACE = " \t\r"
_ENDS = frozenset(" \t\r\n;&|()<>")


@dataclass(slots=True)
class Simple:
    """One program with its arguments."""

    words: list[str] = field(default_factory=list)
    """The program first, without quotes."""
    writes: list[str] = field(default_factory=list)
    """Files its output is redirected into."""
    stdin: str = ""
    """The text of its heredoc or here-string."""


Pipeline = list[Simple]
"""Programs joined by pipes, in order."""


def pipelines(command: str) -> list[Pipeline]:
    """Return the pipelines of a command, those inside `$( )` and backticks too."""
    return list(_pipelines(command[:MAX_CHARS], _DEPTH))


def _pipelines(text: str, depth: int) -> Iterator[Pipeline]:
    reader = _Reader(text)
    yield from reader.read()
    if depth:
        for inner in reader.inner:
            yield from _pipelines(inner, depth - 1)


class _Reader:
    """Reads one text from left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._heredocs: list[tuple[Simple, str, bool]] = []
        self.inner: list[str] = []
        """The texts of the substitutions that were met."""

    def read(self) -> Iterator[Pipeline]:
        """Yield the pipelines in order."""
        pipeline, simple = [], Simple()
        while self._at < len(self._text):
            operator = self._step(simple)
            if operator is None:
                continue
            if simple.words or simple.stdin:
                pipeline.append(simple)
            simple = Simple()
            if operator not in {"|", "|&"} and pipeline:
                yield pipeline
                pipeline = []
            if operator == "\n":
                self._take_heredocs()
        if simple.words or simple.stdin:
            pipeline.append(simple)
        if pipeline:
            yield pipeline

    def _step(self, simple: Simple) -> str | None:
        """Read a word, a redirection or an operator; return the operator."""
        text, at = self._text, self._at
        char = text[at]
        if char in _SPACE or text.startswith("\\\n", at):
            self._at += 1 if char in _SPACE else 2
        elif char == "#":
            end = text.find("\n", at)
            self._at = len(text) if end < 0 else end
        elif heredoc := _HEREDOC.match(text, at):
            self._at = heredoc.end()
            self._heredocs.append((simple, heredoc[3], bool(heredoc[1])))
        elif redirect := _REDIRECT.match(text, at):
            self._at = redirect.end()
            self._redirected(simple, redirect[0])
        elif operator := _OPERATOR.match(text, at):
            self._at = operator.end()
            return operator[0]
        else:
            simple.words.append(self._word())
        return None

    def _redirected(self, simple: Simple, sign: str) -> None:
        while self._at < len(self._text) and self._text[self._at] in _SPACE:
            self._at += 1
        if self._at >= len(self._text) or self._text[self._at] in ";|\n":
            return
        target = self._word() if self._text[self._at] not in "<>&()" else ""
        if sign.endswith("<<<"):
            simple.stdin += target
        elif ">" in sign and target and not (sign.endswith("&") and target.isdigit()):
            simple.writes.append(target)

    def _word(self) -> str:
        """Read a word and return it without its quotes."""
        parts: list[str] = []
        text = self._text
        start = self._at
        while self._at < len(text) and text[self._at] not in _ENDS:
            char = text[self._at]
            if char == "'":
                parts.append(self._until("'", start=1))
            elif char == '"':
                parts.append(self._double())
            elif char == "\\":
                parts.append(text[self._at + 1 : self._at + 2].replace("\n", ""))
                self._at += 2
            elif char == "`" or text.startswith("$(", self._at):
                self._substitution()
                parts.append("$()")
            else:
                parts.append(char)
                self._at += 1
        if self._at == start:  # an end where no word can begin
            self._at += 1
        return "".join(parts)

    def _until(self, end: str, *, start: int) -> str:
        begin = self._at + start
        stop = self._text.find(end, begin)
        stop = len(self._text) if stop < 0 else stop
        self._at = stop + len(end)
        return self._text[begin:stop]

    def _double(self) -> str:
        """Read a text in double quotes, with the substitutions in it."""
        parts: list[str] = []
        text = self._text
        self._at += 1
        while self._at < len(text) and text[self._at] != '"':
            if text[self._at] == "\\":
                parts.append(text[self._at + 1 : self._at + 2])
                self._at += 2
            elif text[self._at] == "`" or text.startswith("$(", self._at):
                self._substitution()
                parts.append("$()")
            else:
                parts.append(text[self._at])
                self._at += 1
        self._at += 1
        return "".join(parts)

    def _substitution(self) -> None:
        """Note the text of `$( )` or of backticks, and go on behind it."""
        if self._text[self._at] == "`":
            self.inner.append(self._until("`", start=1))
            return
        begin = self._at + 2
        open_, quote, at = 1, "", begin
        while at < len(self._text) and open_:
            char = self._text[at]
            if char == "\\":
                at += 1
            elif quote:
                quote = "" if char == quote else quote
            elif char in "'\"":
                quote = char
            else:
                open_ += (char == "(") - (char == ")")
            at += 1
        self.inner.append(self._text[begin : at - 1 if not open_ else at])
        self._at = at

    def _take_heredocs(self) -> None:
        """Read the heredocs that were announced on the line before."""
        for simple, mark, tabs in self._heredocs:
            lines = []
            while self._at < len(self._text):
                end = self._text.find("\n", self._at)
                end = len(self._text) if end < 0 else end
                line = self._text[self._at : end]
                self._at = end + 1
                if (line.lstrip("\t") if tabs else line).rstrip() == mark:
                    break
                lines.append(line)
            simple.stdin += "\n".join(lines)
        self._heredocs.clear()
