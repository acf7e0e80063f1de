"""What a search found: title, where it matched, an excerpt."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from codemem_cli.display.memories import COLOURS, kind_name
from codemem_cli.display.terminal import styled, wrapped
from codemem_cli.display.times import date
from codemem_core.retrieval.pack.excerpt import excerpt, stem, stems

if TYPE_CHECKING:
    from codemem_core.retrieval.hit import Hit

_WORD = re.compile(r"\w+")
_MARKUP = re.compile(r"^#+ .*$|^[-*] +", re.MULTILINE)
_EXCERPT_TOKENS = 60
"""Three lines or so."""


def pages(hits: Collection[Hit], *, explain: bool) -> Iterator[str]:
    """Yield each match as a title, a line about it and an excerpt, with the words set off."""
    wide = max((len(str(hit.id)) for hit in hits), default=1)
    indent = " " * (wide + 2)
    for hit in hits:
        matched = set().union(*map(stems, hit.matched)) | {stem(term) for term in hit.matched}
        number = styled(f"{hit.id:>{wide}}", colour="yellow")
        title = "\n".join(wrapped(" ".join(hit.title.split()), indent=indent)).lstrip()
        yield f"{number}  {_marked(title, matched, bold=True)}"
        kind = styled(kind_name(hit.kind), colour=COLOURS.get(hit.kind))
        about = [hit.project, date(hit.created_ms), where(hit, matched)]
        yield indent + " · ".join([kind, *(styled(part, dim=True) for part in about if part)])
        text = " ".join(_MARKUP.sub("", hit.body).split())
        shown = excerpt(text, room=_EXCERPT_TOKENS, asked=dict.fromkeys(matched, 1.0))
        for line in wrapped(shown, indent=indent):
            yield _marked(line, matched)
        yield from (indent + styled(line, dim=True) for line in parts(hit) if explain)
        yield ""


def parts(hit: Hit) -> Iterator[str]:
    """Yield what a score is made of, a line each."""
    yield f"score      {hit.score:.3f}"
    yield f"matched    {', '.join(hit.matched)}"
    for name, value in hit.parts.items():
        if value:
            yield f"{name:11}{value:.3f}"


def where(hit: Hit, matched: Collection[str]) -> str:
    """Return in which parts of a memory the words stand."""
    places = {
        "title": hit.title,
        "text": hit.body,
        "tags": hit.tags,
        "files": " ".join(_WORD.findall(hit.files_modified)),
    }
    found = [name for name, text in places.items() if stems(text) & set(matched)]
    return f"in {', '.join(found)}" if found else "by meaning" if not hit.matched else ""


def _marked(text: str, matched: Collection[str], *, bold: bool = False) -> str:
    """Return a text with the words of the query set off from the rest."""
    shown, at = "", 0
    for word in _WORD.finditer(text):
        if stem(word[0].lower()) in matched:
            shown += styled(text[at : word.start()], bold=bold)
            shown += styled(word[0], colour="green", bold=True)
            at = word.end()
    return shown + styled(text[at:], bold=bold)
