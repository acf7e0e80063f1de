"""Reading a host's own log: its end, or all of it."""

from collections import Counter
from pathlib import Path

from codemem_core.capture.log_tail import log_records


def test_whole_objects_of_the_end_are_given_in_order(tmp_path: Path) -> None:
    """The first line of the part that is read is cut as a rule; others may be anything."""
    log = tmp_path / "session.jsonl"
    log.write_text('{"n": 1}\n[2]\nnot json\n{"n": 3}\n{"n": 4}\n{"n":')

    assert list(log_records(str(log))) == [{"n": 1}, {"n": 3}, {"n": 4}]
    assert list(log_records(str(log), max_bytes=20)) == [{"n": 4}]


def test_a_whole_log_counts_what_could_not_be_used(tmp_path: Path) -> None:
    """A crash leaves NULs and half a line; an import says so."""
    log, skipped = tmp_path / "session.jsonl", Counter[str]()
    log.write_bytes(b'\0\0{"n": 1}\n[2]\n{"n": "\xff"}\n{"n":')

    found = list(log_records(log, max_bytes=0, skipped=skipped))

    assert found == [{"n": 1}, {"n": "\N{REPLACEMENT CHARACTER}"}]
    assert skipped == {"malformed lines": 2}


def test_only_lines_with_a_text_are_parsed(tmp_path: Path) -> None:
    """What looks for one thing need not read everything."""
    log, skipped = tmp_path / "session.jsonl", Counter[str]()
    log.write_text('{"id": "call_1"}\nnot json\n{"id": "call_2"}\n')

    assert list(log_records(log, containing="call_2", skipped=skipped)) == [{"id": "call_2"}]
    assert not skipped


def test_a_log_that_is_not_there_has_no_records(tmp_path: Path) -> None:
    """Hosts delete their logs."""
    skipped = Counter[str]()

    assert list(log_records(tmp_path / "none", skipped=skipped)) == []
    assert skipped == {"unreadable files": 1}
