"""When a memory says what another says already, and when it takes another back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codemem_core.distil.dedupe import Wording, is_same, takes_back
from codemem_core.distil.normal_form import sentences
from codemem_core.records.memory import NewMemory


def wording(
    title: str, body: str = "", *, files: tuple[str, ...] = (), kind: str = "decision"
) -> Wording:
    """Read a memory with this text."""
    new = NewMemory(key="k", kind=kind, title=title, body=body, origin="user", files_modified=files)
    return Wording(new)


@pytest.mark.parametrize(
    ("new", "old"),
    [
        ("Fixed the rounding of VAT", "Fix VAT rounding"),
        ("The request timeout is now 30s.", "Request timeout is 30 seconds"),
        ("Implemented retries in `client.py`", "Added retries in client.py"),
        ("It doesn't retry on 404", "It does not retry on 404"),
        (
            "In the worker, checkpoints run on the writer thread",
            "Checkpoints run on the writer thread, in the worker",
        ),
    ],
)
def test_a_paraphrase_is_the_same(new: str, old: str) -> None:
    """Articles, endings, units, verbs that mean the same and the order of halves do not matter."""
    assert is_same(wording(new), wording(old))


@pytest.mark.parametrize(
    ("new", "old"),
    [
        ("Request timeout is 60 s", "Request timeout is 30 s"),
        ("Request timeout is 30 ms", "Request timeout is 30 s"),
        ("Sessions are kept in valkey", "Sessions are kept in redis"),
        ("The server waits for the client", "The client waits for the server"),
        ("Raise the limit from 60 to 30", "Raise the limit from 30 to 60"),
        ("The cache does not work", "The cache does work"),
        ("Retries only for GET", "Retries for GET"),
        ("Fixed parse_date", "Fixed parse_time"),
        ("Runs after the commit", "Runs before the commit"),
        ("Needs Python >= 3.11", "Needs Python <= 3.11"),
        ("The cache was disabled", "The cache is disabled"),
        ("Pinned libfoo to v2.1.0", "Pinned libfoo to v2.1.1"),
        ("Dropped packets on eth0", "Removed packets on eth0"),
    ],
)
def test_what_means_something_else_is_not(new: str, old: str) -> None:
    """Numbers, units, names, negations, prepositions, tense and who does what to whom matter."""
    assert not is_same(wording(new), wording(old))


def test_a_memory_with_more_to_say_is_not_the_same() -> None:
    """What the old one lacks would be lost; the other way round nothing is."""
    short = wording("Fix the lease", "The worker took it twice.")
    long = wording(
        "Fix the lease", "The worker took it twice. Fencing numbers refuse the late one."
    )

    assert is_same(short, long)
    assert not is_same(long, short)


def test_other_files_are_another_change() -> None:
    """The same words about another file are news; about fewer files they are not."""
    both = wording("Fix the header", files=("a.py", "b.py"))

    assert is_same(wording("Fix the header", files=("a.py",)), both)
    assert not is_same(wording("Fix the header", files=("c.py",)), both)


@pytest.mark.parametrize(
    ("new", "old"),
    [
        ("Request timeout is 60 s", "Request timeout is 30 s"),
        ("Request timeout 60", "Request timeout 30"),
        ("Set the retry limit to 5", "Set the retry limit to 3"),
        ("Response caching is disabled", "Response caching is enabled"),
        ("Windows builds are not supported", "Windows builds are supported"),
        ("The default branch is develop", "The default branch is main"),
    ],
)
def test_another_value_takes_the_older_one_back(new: str, old: str) -> None:
    """One value differs, on a subject that is named, in a sentence about what is so."""
    assert takes_back(wording(new), wording(old))
    assert not is_same(wording(new), wording(old))


@pytest.mark.parametrize(
    ("new", "old"),
    [
        ("Fixed issue 13 of the parser", "Fixed issue 12 of the parser"),
        ("Released version 1.3", "Released version 1.2"),
        ("All 52 tests of the viewer pass", "All 45 tests of the viewer pass"),
        ("The slow query took 60 s", "The slow query took 30 s"),
        ("The database latency was 60 ms", "The database latency was 30 ms"),
        ("Step 3 of the migration", "Step 2 of the migration"),
        ("Use hypothesis for parser tests", "Use pytest for parser tests"),
        ("Limit is 5", "Limit is 3"),
        ("Upload limit of page b.py is 60 s", "Upload limit of page a.py is 60 s"),
        ("Request timeout is 60 s in the test", "Request timeout is 30 s in the office"),
    ],
)
def test_what_may_both_be_true_stays(new: str, old: str) -> None:
    """Events, counts and names are no values; a subject of one word names nothing."""
    assert not takes_back(wording(new), wording(old))


def test_the_same_value_in_another_file_stays() -> None:
    """Two files have two timeouts."""
    new = wording("Request timeout is 60 s", files=("a.py",))

    assert not takes_back(new, wording("Request timeout is 30 s", files=("b.py",)))
    assert takes_back(new, wording("Request timeout is 30 s", files=("a.py",)))


def test_under_the_same_title_everything_must_be_taken_up_again() -> None:
    """An older memory that says more than the newer one is not out of date."""
    new = wording("Limits of the server", "The request timeout is 60 s.")
    old = wording("Limits of the server", "The request timeout is 30 s.")
    more = wording("Limits of the server", "The request timeout is 30 s. Bodies are streamed.")

    assert takes_back(new, old)
    assert not takes_back(new, more)


@given(st.text())
def test_any_text_is_the_same_as_itself(text: str) -> None:
    """No text breaks the comparison, and none takes itself back."""
    one = wording("A title", text)

    assert is_same(one, one)
    assert not takes_back(one, one)


@given(st.text())
def test_sentences_of_any_text_hold_words(text: str) -> None:
    """A sentence is never empty."""
    assert all(sentences([text]))


def test_another_commit_is_no_other_subject() -> None:
    """A value is taken back whatever commit says so."""
    old = wording("Set the timeout to 30 s", "The timeout is 30 s. Committed as 4a19105.")
    new = wording("Set the timeout to 60 s", "The timeout is 60 s. Committed as 7f8202d.")

    assert takes_back(new, old)
