"""Whether what a memory names was in what the observer was shown.

Models make up paths and commit ids that look right. Nothing else about them is as easy to check.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from codemem_core.records.evidence import Evidence, EvidenceItem, ToolCall

# In prose only what has a folder and an ending counts: `Node.js` and `e.g.` are no files.
_PATH = re.compile(
    r"(?<![\w:/.@-])(?:~?/|\.{1,2}/)?(?:[\w@.+-]+/)+[\w@+-][\w@.+-]*\.[A-Za-z]\w{0,7}\b"
)
_COMMIT = re.compile(r"(?<![\w#/.-])(?=[0-9]*[a-f])(?=[a-f]*[0-9])[0-9a-f]{7,40}(?![\w/-]|\.\w)")
_WORD = re.compile(r"[\w@+-]+(?:\.[\w@+-]+)*")
_MOST = 20
"""Names kept of one memory; more say nothing new."""


class Shown:
    """The text of the evidence, looked through for names."""

    def __init__(self, evidence: Evidence) -> None:
        self._cwd = (evidence.cwd or "").rstrip("/")
        told = (text for item in evidence.items for text in _texts(item))
        self._text = "\n".join((self._cwd, evidence.project or "", *told))
        self._words = frozenset(_WORD.findall(self._text))

    def unseen(self, text: str, files: Iterable[str]) -> list[str]:
        """Return the paths and commit ids, in prose or as `files`, that the evidence lacks."""
        paths = dict.fromkeys([*files, *_PATH.findall(text)])
        commits = dict.fromkeys(_COMMIT.findall(text))
        lacking = [path for path in paths if not self._has(path)]
        lacking += [commit for commit in commits if commit not in self._text]
        return lacking[:_MOST]

    def _has(self, path: str) -> bool:
        """Say whether the evidence has the path, or each of its parts: `cd src`, `edit vat.py`."""
        plain = path.removeprefix(self._cwd + "/") if self._cwd else path
        return plain in self._text or self._words.issuperset(_WORD.findall(plain))


def _texts(item: EvidenceItem) -> Iterator[str]:
    if not isinstance(item, ToolCall):
        yield item.text
        return
    yield from _strings(item.input)
    yield from (*item.files_read, *item.files_changed, item.command or "")
    yield item.output
    yield item.error or ""
    yield item.cwd or ""


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        yield from _strings(list(value.items()))
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _strings(part)
