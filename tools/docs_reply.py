"""The page and the schema of what an observer answers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from codemem_core.distil.parse import MAX_OBSERVATIONS
from codemem_core.distil.reply import LISTS, SECTIONS
from codemem_core.records.memory import OBSERVED_KINDS

_FIELDS = {
    "type": "One of the kinds below; the nearest counts for any other word.",
    "title": "One line that says what is now known. Needed.",
    "subtitle": "One sentence more.",
    "narrative": "What was the case, why, what was done, what follows. Needed.",
    "facts": "Details that stand by themselves.",
    "concepts": "Words it can be found by, such as `gotcha` or `trade-off`.",
    "files_read": "Paths.",
    "files_modified": "Paths.",
    "evidence": "Numbers of the items it rests on. They decide how far the memory is trusted:"
    " without any it is trusted as little as the least trusted item of the stretch.",
    "supersedes": "Ids of the memories shown to the observer that no longer hold.",
}
_SECTIONS = {
    "request": "What the user wanted.",
    "investigated": "What was looked at.",
    "learned": "What is known now.",
    "completed": "What was done.",
    "next_steps": "What is still open.",
    "notes": "Anything else.",
}
_OBSERVATION = {
    "type": "bugfix",
    "title": "The export rounds VAT once per rate",
    "narrative": "Rounding each line left totals a cent off. `vat_by_rate` rounds the sum instead.",
    "facts": ["BR-CO-17 checks each rate by itself"],
    "files_modified": ["invoicing/invoice.py"],
    "evidence": [12, 15],
}
_SUMMARY = {"request": "Fix the export", "completed": "VAT is rounded once per rate"}
_PAGE = """# The observer's reply

An observer is given the evidence of one stretch of a session and answers with text: XML as below,
or the same fields as JSON ([schema](reply.schema.json)). The parser is forgiving: text around the
answer, a Markdown fence, a cut-off end and other names for the fields are read all the same, and
what cannot be used is dropped and counted. An answer of which nothing can be used is an error, and
the observer is asked again.

```xml
{xml}
```

```json
{json}
```

A stretch that holds nothing worth knowing is answered with `<skip_summary reason="why"/>`, in JSON
`{{"observations": [], "skip_summary": "why"}}`. At most {most} observations of a reply are kept.

What an observation says is kept only as far as the items it cites say it, and its trust is that of
the least trusted of them. Secrets are taken out once more.
"""


def reply() -> Iterator[str]:
    """Yield the page."""
    example = {"observations": [_OBSERVATION], "summary": _SUMMARY}
    yield _PAGE.format(xml=_xml(), json=json.dumps(example, indent=2), most=MAX_OBSERVATIONS)
    for title, fields in (("An observation", _FIELDS), ("The summary", _SECTIONS)):
        yield f"\n## {title}\n\n| field | |\n|---|---|\n"
        for name, about in fields.items():
            yield f"| `{name}`{' (a list)' if name in LISTS else ''} | {about} |\n"
    yield "\nA summary also takes `files_read`, `files_modified` and `evidence`.\n"
    yield f"\n## Kinds\n\n{', '.join(f'`{kind}`' for kind in OBSERVED_KINDS)}\n"


def schema() -> Iterator[str]:
    """Yield the JSON schema of the JSON form."""
    texts = {"type": "array", "items": {"type": "string"}}
    numbers = {"type": "array", "items": {"type": "integer"}}
    shared: dict[str, Any] = {"files_read": texts, "files_modified": texts, "evidence": numbers}
    observation = {name: {"type": "string", "description": told} for name, told in _FIELDS.items()}
    observation |= {name: texts for name in LISTS} | shared | {"supersedes": numbers}
    observation["type"] = {"enum": list(OBSERVED_KINDS)}
    sections = {name: {"type": "string", "description": _SECTIONS[name]} for name in SECTIONS}
    yield json.dumps(
        {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": "An observer's reply",
            "type": "object",
            "required": ["observations"],
            "properties": {
                "observations": {
                    "type": "array",
                    "maxItems": MAX_OBSERVATIONS,
                    "items": {
                        "type": "object",
                        "required": ["title", "narrative"],
                        "properties": observation,
                    },
                },
                "summary": {"type": ["object", "null"], "properties": sections | shared},
                "skip_summary": {"type": "string", "description": "Why there is nothing to tell."},
            },
        },
        indent=2,
    )
    yield "\n"


def _xml() -> str:
    lines = ["<observation>"]
    for name, value in _OBSERVATION.items():
        if name in LISTS and isinstance(value, list):
            entries = "".join(f"<{LISTS[name]}>{each}</{LISTS[name]}>" for each in value)
            lines.append(f"  <{name}>{entries}</{name}>")
        else:
            text = " ".join(map(str, value)) if isinstance(value, list) else value
            lines.append(f"  <{name}>{text}</{name}>")
    lines += ["</observation>", "<summary>"]
    lines += [f"  <{name}>{text}</{name}>" for name, text in _SUMMARY.items()]
    return "\n".join([*lines, "</summary>"])
