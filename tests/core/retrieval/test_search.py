"""Which memories answer a query, and in which order."""

from __future__ import annotations

from collections.abc import Callable

import apsw
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from codemem_core.retrieval.candidates import scan_for
from codemem_core.retrieval.search import newest, search
from codemem_core.store.engine.store import Store

DAY_MS = 86_400_000
NOW_MS = 1_780_000_000_000
Remember = Callable[..., int]


def ids(db: apsw.Connection, query: str, **wanted: object) -> list[int]:
    """Return the ids of what was found, best first."""
    return [hit.id for hit in search(db, query, limit=8, now_ms=NOW_MS, **wanted)]  # type: ignore[arg-type]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text())
def test_any_text_is_a_safe_query(db: apsw.Connection, text: str) -> None:
    """Quotes, operators, NUL and lone surrogates never reach FTS5's grammar."""
    search(db, text, limit=3)


@pytest.mark.parametrize(
    ("title", "query"),
    [
        ("Fixed the failing parsers", "parser fails fix"),
        ("parseISODate accepts a space", "parse iso date"),
        ("parse_iso_date accepts a space", "parseISODate"),
        ("Change src/dates/iso.py", "iso.py"),
        ("修复数据库连接超时", "数据库超时"),
        ("Die Größe stimmt", "GRÖSSE größe"),
    ],
)
def test_other_forms_of_a_word_are_found(
    db: apsw.Connection, remember: Remember, title: str, query: str
) -> None:
    """Stems, identifiers, paths and other scripts."""
    wanted = remember(title)
    remember("Nothing of the kind")

    assert ids(db, query) == [wanted]


def test_the_title_counts_more_than_the_body(db: apsw.Connection, remember: Remember) -> None:
    """A memory named after the question comes before one that mentions it."""
    body = remember("Another subject entirely", "about the lease of a stream")
    title = remember("The lease of a stream", "another subject entirely")

    assert ids(db, "lease stream") == [title, body]


def test_words_that_stand_together_count_more(db: apsw.Connection, remember: Remember) -> None:
    """The phrase of the question beats the same words apart."""
    apart = remember("x", "the lock of the door and the file of the case")
    together = remember("x", "the case of the door and of the file lock")

    assert ids(db, "file lock") == [together, apart]


def test_the_neighbourhood_of_a_good_hit_rises(db: apsw.Connection, remember: Remember) -> None:
    """Of two equal memories the one from the session of the best hit comes first."""
    other = remember("Wrote about timeouts", session=2)
    near = remember("Wrote about timeouts", session=1)
    best = remember("Retry policy: timeouts and backoff", session=1)

    assert ids(db, "retry backoff timeouts") == [best, near, other]


def test_newer_is_better_between_equals(db: apsw.Connection, remember: Remember) -> None:
    """Age decides only when nothing else does."""
    new = remember("Lease renewed")
    old = remember("Lease renewed", created_ms=NOW_MS - 300 * DAY_MS)

    assert ids(db, "lease") == [new, old]


def test_changes_to_files_being_worked_on_rise(db: apsw.Connection, remember: Remember) -> None:
    """Paths may be relative to the project in one place and absolute in the other."""
    other = remember("Lease renewed", files=["src/other.py"], created_ms=NOW_MS + 1)
    same = remember("Lease renewed", files=["src/lease.py"])

    assert ids(db, "renewed", working_set=["/home/me/demo/src/lease.py"]) == [same, other]


def test_filters_leave_out(db: apsw.Connection, remember: Remember) -> None:
    """Project, kind, trust and what was forgotten."""
    kept = remember("lease", project="demo", kind="decision")
    remember("lease", project="other", kind="decision")
    remember("lease", project="demo")
    remember("lease", project="demo", kind="decision", active=0)
    remember("lease", project="demo", kind="decision", origin="external")
    vouched = remember("lease", project="demo", kind="decision", origin="import", confirmed=1)

    found = ids(db, "lease", project="demo", kind="decision", trusted=True)

    assert sorted(found) == [kept, vouched]


def test_a_score_is_the_sum_of_its_named_parts(db: apsw.Connection, remember: Remember) -> None:
    """What `explain` shows adds up, and stays between 0 and 1."""
    remember("Lease of a stream", files=["lease.py"])
    remember("The lock")

    hit = search(db, "stream lease epoch", limit=1, around="a lock", working_set=["lease.py"])[0]

    assert set(hit.parts) == {
        *("words", "phrases", "coverage", "telling", "title", "brief"),
        *("session", "neighbours", "apart", "recency", "kind", "files", "context"),
    }
    assert hit.score == pytest.approx(sum(hit.parts.values()))
    assert 0 < hit.score <= 1
    assert hit.matched == ("stream", "lease")


@pytest.fixture
def crowded(store: Store) -> Store:
    """Write 4,000 memories that all have a word, one of which has a rare one too."""

    def change(db: apsw.Connection) -> None:
        db.execute("INSERT INTO sessions (id, started_ms) VALUES (1, 0)")
        db.execute(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4000)"
            " INSERT INTO memories (key, session_id, kind, title, body, origin, created_ms,"
            " updated_ms) SELECT i, 1, 'change', iif(i = 7, 'rare test', 'test'), '', 'user', 0, 0"
            " FROM n"
        )

    store.write(change)
    return store


def test_in_a_large_store_rare_words_find(crowded: Store) -> None:
    """What stands in every memory costs time and finds nothing, but still tells."""
    with crowded.read() as db:
        (hit,) = search(db, "rare test", limit=8)

    assert hit.id == 7
    assert hit.matched == ("rare", "test")


def test_a_common_word_alone_finds_among_the_newest(crowded: Store) -> None:
    """As many as may be ranked."""
    with crowded.read() as db:
        found = [hit.id for hit in search(db, "test", limit=8)]

    assert len(found) == 8
    assert min(found) > 1000


def test_the_last_word_may_be_unfinished(db: apsw.Connection, remember: Remember) -> None:
    """While somebody types; a finished question means its words."""
    wanted = remember("Timeouts of the invoice export")
    remember("Something else")

    assert [hit.id for hit in search(db, "timeouts inv", limit=8, prefix=True)] == [wanted]
    assert [hit.id for hit in search(db, "inv", limit=8, prefix=True)] == [wanted]
    assert ids(db, "inv") == []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text())
def test_any_unfinished_text_is_a_safe_query(db: apsw.Connection, text: str) -> None:
    """The star of a prefix stands outside the quotes."""
    search(db, text, limit=3, around=text, prefix=True)


def test_newest_comes_first(db: apsw.Connection, remember: Remember) -> None:
    """What happened last is on top, whatever was written last."""
    new = remember("new")
    old = remember("old", created_ms=NOW_MS - 1)

    assert [hit.id for hit in newest(db, limit=5)] == [new, old]


def test_a_word_is_counted_anew_once_there_is_another_memory(
    db: apsw.Connection, remember: Remember
) -> None:
    """What a connection remembers of a word holds until then."""
    remember("The parser fails")
    before = [scan_for(db, ["parser"]).terms[0].count for _ in range(2)]

    remember("The parser works")

    assert [*before, scan_for(db, ["parser"]).terms[0].count] == [1, 1, 2]
