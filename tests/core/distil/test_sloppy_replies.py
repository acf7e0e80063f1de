"""Replies as models write them when they do not keep to the documented form: nothing is lost."""

import json

import pytest

from codemem_core.distil.parse import parse_reply

TITLE = "The log grew because a reader never closed"
TEXT = "A read transaction stayed open; db.py closes it."


def xml(inside: str, attributes: str = "") -> str:
    """Write an observation around this."""
    return f"<observation{attributes}>{inside}</observation>"


FORMS = {
    "no type": xml(f"<title>{TITLE}</title><narrative>{TEXT}</narrative>"),
    "unknown type": xml(f"<type>gossip</type><title>{TITLE}</title><narrative>{TEXT}</narrative>"),
    "type as an attribute": xml(
        f"<title>{TITLE}</title><narrative>{TEXT}</narrative>", ' type="bugfix"'
    ),
    "all as attributes": f'<observation type="bugfix" title="{TITLE}" narrative="{TEXT}"/>',
    "facts alone": xml(f"<title>{TITLE}</title><facts><fact>{TEXT}</fact></facts>"),
    "a title alone": xml(f"<title>{TITLE}</title>"),
    "no title": xml(f"<narrative>{TITLE}. {TEXT}</narrative>"),
    "other names": xml(f"<kind>bugfix</kind><heading>{TITLE}</heading><detail>{TEXT}</detail>"),
    "bare text": xml(f"{TITLE}. {TEXT}"),
    "upper case": f"<Observation><Title>{TITLE}</Title><Narrative>{TEXT}</Narrative></Observation>",
    "another block": f"<memory><title>{TITLE}</title><narrative>{TEXT}</narrative></memory>",
    "escaped as a whole": "&lt;observation&gt;&lt;title&gt;" + TITLE + "&lt;/title&gt;"
    "&lt;narrative&gt;" + TEXT + "&lt;/narrative&gt;&lt;/observation&gt;",
    "raw signs": xml(f"<title>{TITLE}</title><narrative>a && b < c. {TEXT}</narrative>"),
    "cut off": xml(f"<title>{TITLE}</title><narrative>{TEXT}</narrative>")
    + "<observation><type>decision</type><title>Half a tit",
    "JSON of other names": json.dumps({"memories": [{"category": "bugfix", "summary": TITLE}]}),
    "JSON list": json.dumps([{"title": TITLE, "narrative": TEXT}]),
    "JSON of one finding": json.dumps({"title": TITLE, "narrative": TEXT}),
    "JSON of texts": json.dumps({"observations": [f"{TITLE}. {TEXT}"]}),
    "JSON with camel case": json.dumps(
        {"observations": [{"title": TITLE, "narrative": TEXT, "filesModified": ["db.py"]}]}
    ),
    "JSON with trailing commas": '{"observations": [{"title": "' + TITLE + '",}],}',
    "JSON with single quotes": "{'observations': [{'title': '" + TITLE + "', 'narrative': 'x'}]}",
    "JSON with bare keys": "{observations: [{title: '" + TITLE + "', narrative: 'it isn't'}]}",
    "JSON with raw line breaks": '{"observations": [{"title": "'
    + TITLE
    + '", "narrative": "a\nb"}]}',
    "JSON with raw quotes": '{"observations": [{"title": "'
    + TITLE
    + '", "narrative": "a "b" c"}]}',
    "JSON cut off": '{"observations": [{"title": "' + TITLE + '", "narrative": "A read transa',
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("around", ["{}", "Here you go:\n```\n{}\n```\nAnything else?"])
def test_the_finding_is_kept(form: str, around: str) -> None:
    """Whatever the form, there is one memory with the title somebody will look for."""
    extraction = parse_reply(around.replace("{}", FORMS[form]))

    assert extraction.understood
    assert [one.title[: len(TITLE)] for one in extraction.observations] == [TITLE]


def test_a_summary_may_be_plain_text() -> None:
    """What was done is what such a text tells."""
    for reply in ("<summary>Fixed the log.</summary>", '{"summary": "Fixed the log."}'):
        summary = parse_reply(reply).summary

        assert summary is not None
        assert summary.completed == "Fixed the log."


def test_a_sentence_that_there_is_nothing_is_an_answer() -> None:
    """A small model says it in prose; asking it again would cost and give the same."""
    extraction = parse_reply("There are no observations worth recording in this session.")

    assert extraction.understood
    assert extraction.observations == ()


def test_blocks_without_any_text_are_no_answer() -> None:
    """The events would be gone and nothing kept, without a word."""
    assert not parse_reply("<observation><type>bugfix</type></observation>").understood


@pytest.mark.parametrize("piece", ["{'a':", '[{"', '"a" , ', "<observation><x>", "{a:[", "// \n"])
def test_a_megabyte_of_sloppiness_ends(piece: str) -> None:
    """Tolerance costs no more than a bounded look at each character."""
    parse_reply("{" + piece * (500_000 // len(piece)))
