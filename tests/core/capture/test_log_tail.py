"""Reading the end of a host's own log."""

from pathlib import Path

from codemem_core.capture.log_tail import log_records


def test_whole_objects_of_the_end_are_given_in_order(tmp_path: Path) -> None:
    """The first line of the part that is read is cut as a rule; others may be anything."""
    log = tmp_path / "session.jsonl"
    log.write_text('{"n": 1}\n[2]\nnot json\n{"n": 3}\n{"n": 4}\n{"n":')

    assert list(log_records(str(log))) == [{"n": 1}, {"n": 3}, {"n": 4}]
    assert list(log_records(str(log), max_bytes=20)) == [{"n": 4}]


def test_a_log_that_is_not_there_has_no_records(tmp_path: Path) -> None:
    """Hosts delete their logs."""
    assert list(log_records(str(tmp_path / "none"))) == []
