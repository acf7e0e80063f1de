"""The observer's reply: what is kept, what is counted, and that nothing can hurt."""

import json
from dataclasses import asdict
from html import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codemem_core.distil.parse import Extraction, parse_reply
from codemem_core.distil.sanitize import plain
from codemem_core.records.memory import OBSERVED_KINDS, Observation, Summary

TITLE = "Retries lost the last page"
NARRATIVE = "The cursor moved before the commit; it moves after it now."


def block(**fields: str) -> str:
    """Write an observation as a model would."""
    fields = {"type": "bugfix", "title": TITLE, "narrative": NARRATIVE} | fields
    return (
        "<observation>" + "".join(f"<{k}>{v}</{k}>" for k, v in fields.items()) + "</observation>"
    )


def only(reply: str) -> Observation:
    """Return the one observation of a reply that loses nothing."""
    extraction = parse_reply(reply)
    assert not extraction.dropped
    return extraction.observations[0]


def test_the_documented_form_is_read_whole() -> None:
    """Every documented element arrives in its field."""
    reply = """<observation><type>Decision</type><title>Keep WAL</title><subtitle>for now</subtitle>
        <facts><fact>one</fact><fact>two</fact></facts><narrative>It is faster.</narrative>
        <concepts><concept>trade-off</concept></concepts><files_read><file>a.py</file></files_read>
        <files_modified><file>b.py</file></files_modified><evidence>3 7</evidence></observation>
        <summary><request>Choose a journal</request><learned>WAL is faster</learned>
        <evidence>3</evidence></summary>"""

    extraction = parse_reply(reply)

    assert extraction.observations == (
        Observation(
            kind="decision",
            title="Keep WAL",
            narrative="It is faster.",
            subtitle="for now",
            facts=("one", "two"),
            concepts=("trade-off",),
            files_read=("a.py",),
            files_modified=("b.py",),
            evidence=(3, 7),
        ),
    )
    assert extraction.summary == Summary(
        request="Choose a journal", learned="WAL is faster", evidence=(3,)
    )
    assert extraction.understood
    assert not extraction.dropped


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("a & b && c", "a & b && c"),
        ("if a < b and b > c", "if a < b and b > c"),
        ("Vec<String> and <b>bold</b> text", "Vec<String> and <b>bold</b> text"),
        ("a &lt; b &amp; c &#65; &#x42;", "a < b & c A B"),
        ("?a=1&param=2&copy=3", "?a=1&param=2&copy=3"),
        ("&#55296; &#99999999;", "&#99999999;"),
        ("<![CDATA[a < b && </narrative> &amp;]]>", "a < b && </narrative> &amp;"),
        ("Run:\n```sh\nmake\n```", "Run:\n```sh\nmake\n```"),
        ("an <observation> block was lost", "an <observation> block was lost"),
        (
            "it wrote <observation><title>x</title></observation> twice",
            "it wrote <observation><title>x</title></observation> twice",
        ),
        ("see <summary> in <details>", "see <summary> in <details>"),
    ],
)
def test_text_survives_as_it_was_meant(written: str, read: str) -> None:
    """Raw signs, quoted tags, CDATA, entities and fences inside a text stay text."""
    assert only(block(narrative=written)).narrative == read


@pytest.mark.parametrize(
    "around",
    [
        "```xml\n{}\n```",
        "Here is what I noticed:\n\n{}\n\nLet me know if you need more.",
        "<think>maybe <observation><title>draft</title></observation></think>{}",
        "<?xml version='1.0'?><memory>{}</memory>",
    ],
)
def test_what_stands_around_the_blocks_is_ignored(around: str) -> None:
    """Fences, chatter, drafts and wrappers neither hide nor add an observation."""
    observation = only(around.format(block()))

    assert (observation.title, observation.narrative) == (TITLE, NARRATIVE)


def test_attributes_do_not_hide_a_block() -> None:
    """A start tag may carry attributes and spaces."""
    reply = block().replace("<observation>", "<observation id=\"1\" lang = 'en' >")

    assert only(reply).title == TITLE


def test_a_block_cut_off_in_its_last_text_is_kept() -> None:
    """The token limit hits the last observation; what it said so far counts."""
    reply = block() + "<observation><type>change</type><title>Next</title><narrative>Half a sent"

    first, last = parse_reply(reply).observations

    assert first.title == TITLE
    assert last.narrative == "Half a sent"


def test_an_unclosed_element_ends_at_the_next_one() -> None:
    """A forgotten end tag costs neither its own element nor the following ones."""
    reply = "<observation><type>bugfix<title>T<narrative>N</observation>" + block()

    first, second = parse_reply(reply).observations

    assert (first.kind, first.title, first.narrative) == ("bugfix", "T", "N")
    assert second.title == TITLE


def test_a_list_without_entries_is_read_by_lines() -> None:
    """Models write lists as bullets too."""
    observation = only(block(concepts="\n- gotcha\n* pattern\n", facts="just one"))

    assert observation.concepts == ("gotcha", "pattern")
    assert observation.facts == ("just one",)


@pytest.mark.parametrize("reason", ["blank", "low_signal", "duplicate"])
def test_each_dropped_observation_is_counted_by_its_reason(reason: str) -> None:
    """The flush can say what it left out and why."""
    bad = {
        "blank": block(title=" ", narrative=" "),
        "low_signal": block(narrative="No code changes were made."),
        "duplicate": block(),
    }

    extraction = parse_reply(block() + bad[reason])

    assert len(extraction.observations) == 1
    assert extraction.dropped == {reason: 1}


@pytest.mark.parametrize(
    "text",
    [
        "No code was modified",
        "- no new code, configuration or documentation was shipped.",
        "> Only file inspection occurred. No new deliverables.",
        "No definitive rewrite or feature delivery occurred",
        "The session consisted entirely of capturing the user's request.",
    ],
)
def test_a_text_that_is_only_a_stock_phrase_says_nothing(text: str) -> None:
    """Whole texts of stock phrases are left out, whatever bullets they wear."""
    assert parse_reply(block(narrative=text)).dropped == {"low_signal": 1}


@pytest.mark.parametrize(
    "text",
    [
        "No code was modified. The leak is in the pool: it never closes idle sockets.",
        "The formatter runs, but no code was modified because it skips vendored files.",
    ],
)
def test_a_stock_phrase_inside_a_finding_does_not_drop_it(text: str) -> None:
    """A finding may well say on the way that no code changed."""
    assert only(block(narrative=text)).narrative == text


def test_the_last_summary_that_says_something_wins() -> None:
    """An empty template after the summary does not wipe it out."""
    reply = "<summary><learned>old</learned></summary><summary><learned>new</learned></summary>"

    extraction = parse_reply(reply + "<summary><learned></learned></summary>")

    assert extraction.summary == Summary(request="new", learned="new")
    assert extraction.dropped == {"earlier_summary": 1, "blank": 1}


def test_a_skipped_summary_needs_a_reason() -> None:
    """With a reason it takes the summary away, without one it does not."""
    summary = "<summary><learned>WAL is faster</learned></summary>"

    skipped = parse_reply(summary + '<skip_summary reason="low-signal"/>')
    kept = parse_reply(summary + "<skip_summary/>")

    assert (skipped.summary, skipped.skip_reason) == (None, "low-signal")
    assert kept.summary is not None
    assert parse_reply("<skip_summary/>").understood


@pytest.mark.parametrize("request_text", ["ok", "Looks good!", '"go ahead"', "lgtm"])
def test_a_trivial_request_gives_way_to_what_was_done(request_text: str) -> None:
    """The summary says what it is about, and keeps what was really asked."""
    done = "Fixed the pager. Then tidied up."

    extraction = parse_reply(
        f"<summary><request>{request_text}</request><completed>{done}</completed></summary>"
    )

    assert extraction.summary == Summary(request="Fixed the pager", completed=done)
    assert extraction.request_original == request_text


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("12, 15", (12, 15)),
        ("#12-14 and 20", (12, 13, 14, 20)),
        ("everything", ()),
        ("3 1-99999999", ()),
        ("9-3", ()),
    ],
)
def test_citations_are_read_or_else_mean_everything(written: str, read: tuple[int, ...]) -> None:
    """Half a list of citations would trust a memory too far."""
    assert parse_reply(block(evidence=written)).observations[0].evidence == read


def test_json_says_the_same() -> None:
    """A runtime may answer in JSON."""
    observation = {
        "type": "change",
        "title": "T",
        "narrative": "N",
        "facts": ["f"],
        "evidence": [4],
    }
    reply = json.dumps({"observations": [observation], "summary": {"request": "R"}})

    extraction = parse_reply(f"Sure:\n```json\n{reply}\n```")

    assert extraction.observations == (
        Observation(kind="change", title="T", narrative="N", facts=("f",), evidence=(4,)),
    )
    assert extraction.summary == Summary(request="R")


def test_json_with_nothing_to_tell_is_an_answer() -> None:
    """Nothing found is something else than nothing understood."""
    extraction = parse_reply('{"observations": [], "summary": null}')

    assert extraction == Extraction(understood=True)


def test_json_cut_off_keeps_the_whole_observations() -> None:
    """The token limit costs the last observation, not all of them."""
    reply = json.dumps({"observations": [{"type": "change", "title": "T", "narrative": "N"}] * 2})

    assert len(parse_reply(reply[:-20]).observations) == 1


@pytest.mark.parametrize("reply", ["", "I could not find anything.", "[1, 2]", '{"a": {}}', "<b>"])
def test_a_reply_of_another_form_is_not_understood(reply: str) -> None:
    """The flush must be able to tell a useless reply from an empty one."""
    extraction = parse_reply(reply)

    assert not extraction.understood
    assert extraction.dropped == {"unreadable": 1}


def test_fields_and_counts_have_limits() -> None:
    """A runaway reply becomes a bounded number of bounded texts."""
    long = parse_reply(block(title="t" * 400, narrative="n" * 10_000, facts="f\n" + "g\n" * 60))
    many = parse_reply("".join(block(title=f"number {n}") for n in range(60)))

    assert len(long.observations[0].title) <= 300
    assert len(long.observations[0].narrative) <= 8_000
    assert long.dropped == {"too_long": 2}
    assert len(many.observations) == 50
    assert many.dropped == {"too_many": 10}


def test_hidden_characters_are_taken_out() -> None:
    """No escape sequence, bidi mark, tag character or lone surrogate gets into a memory."""
    observation = only(block(title="a\x1b[31m\u202eb\u200bc\U000e0041\ud800"))

    assert observation.title == "a[31mbc"


@pytest.mark.parametrize(
    "reply",
    [
        "<title>" * 8_000,
        "<observation><title>" * 8_000,
        "<observation>" + "<title>x" * 125_000,
        "<observation>" + "<facts><fact>" * 70_000,
        "<observation><title>" + "<![CDATA[" * 55_000 + "]]>" + "<![CDATA[" * 55_000 + "</title>",
        '<title a="<title" ' * 50_000,
        "<title" + " " * 1_000_000,
        "<narrative>" * 50_000 + "</narrative>" * 50_000,
        "{" * 1_000_000,
        '{"a":' * 200_000,
        '{"observations":[' + '{"title":"x"},' * 70_000,
        "&" * 1_000_000,
        "<think>" * 100_000,
    ],
    ids=lambda reply: reply[:24],
)
def test_a_megabyte_of_nonsense_ends(reply: str) -> None:
    """Each of these took minutes with a quadratic reader; the suite would not end."""
    assert len(parse_reply(reply).observations) <= 50


PIECES = st.sampled_from(
    (
        "<observation>|</observation>|<summary>|</summary>|<title>|</title>|<type>|bugfix|</type>|"
        "<narrative>|</narrative>|<facts>|<fact>|</fact>|<evidence>1-4</evidence>|<![CDATA[|]]>|"
        "text|&amp;|<|&|```|<skip_summary reason='x'/>|\ud800|\x00|"
        '{"observations":[|{"title":"t"}|]|}'
    ).split("|")
)


@given(st.text() | st.lists(PIECES, max_size=40).map("".join))
def test_no_reply_raises(reply: str) -> None:
    """Whatever a model writes, extraction answers."""
    extraction = parse_reply(reply)

    assert extraction.understood or extraction.dropped


def texts(size: int) -> st.SearchStrategy[str]:
    """Make texts that a reader keeps as they are."""
    kept = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cf"]), max_size=size)
    return kept.map(lambda text: f"It {plain(text)}".strip())


OBSERVATIONS = st.builds(
    Observation,
    kind=st.sampled_from(OBSERVED_KINDS),
    title=texts(40).map(lambda text: " ".join(text.split())),
    narrative=texts(200),
    facts=st.lists(texts(40), max_size=3, unique=True).map(tuple),
    evidence=st.sets(st.integers(0, 10**6), max_size=5).map(lambda seqs: tuple(sorted(seqs))),
)


def xml_of(observation: Observation) -> str:
    """Write an observation as careful XML."""
    facts = "".join(f"<fact>{escape(fact)}</fact>" for fact in observation.facts)
    return block(
        type=observation.kind,
        title=escape(observation.title),
        narrative=escape(observation.narrative),
        facts=facts,
        evidence=" ".join(map(str, observation.evidence)),
    )


@given(OBSERVATIONS)
def test_xml_round_trip(observation: Observation) -> None:
    """What is written in XML is read back equal."""
    assert parse_reply(xml_of(observation)).observations == (observation,)


@given(OBSERVATIONS)
def test_json_round_trip(observation: Observation) -> None:
    """What is written in JSON is read back equal."""
    reply = json.dumps({"observations": [asdict(observation)]})

    assert parse_reply(reply).observations == (observation,)
