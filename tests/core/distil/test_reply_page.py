"""docs/reply.md and its schema say what the parser reads."""

import json
import re
from pathlib import Path

from codemem_core.distil.parse import parse_reply
from codemem_core.distil.reply import LISTS, SECTIONS, TEXTS

DOCS = Path(__file__).parents[3] / "docs"


def test_both_documented_forms_are_read_alike() -> None:
    """The XML and the JSON of the page are one answer."""
    page = (DOCS / "reply.md").read_text(encoding="utf-8")
    (xml,), (text,) = (
        re.findall(rf"```{kind}\n(.*?)```", page, re.DOTALL) for kind in ("xml", "json")
    )

    found = parse_reply(xml)

    assert found == parse_reply(text)
    assert found.observations[0].evidence == (12, 15)
    assert found.summary is not None
    assert found.dropped == {}


def test_the_schema_knows_every_field() -> None:
    """A field that is read and not documented would be a secret."""
    schema = json.loads((DOCS / "reply.schema.json").read_text(encoding="utf-8"))["properties"]
    observation = schema["observations"]["items"]["properties"]

    assert set(observation) == (TEXTS | LISTS.keys()) - set(SECTIONS)
    assert set(schema["summary"]["properties"]) >= set(SECTIONS)
