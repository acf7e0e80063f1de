"""Shell commands as words."""

from __future__ import annotations

import pytest

from codemem_core.distil.provenance.shell import MAX_CHARS, pipelines


def words(command: str) -> list[list[list[str]]]:
    """Return the words of each program, by pipeline."""
    return [[simple.words for simple in pipeline] for pipeline in pipelines(command)]


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("a 'b c' \"d e\" f\\ g", [[["a", "b c", "d e", "f g"]]]),
        ("a && b || c; d & e", [[["a"]], [["b"]], [["c"]], [["d"]], [["e"]]]),
        ("a | b |& c", [[["a"], ["b"], ["c"]]]),
        ("a # b\nc", [[["a"]], [["c"]]]),
        ("(a; b)", [[["a"]], [["b"]]]),
        ("a x=$(b c) d", [[["a", "x=$()", "d"]], [["b", "c"]]]),
        ('a "$(b "c d")"', [[["a", "$()"]], [["b", "c d"]]]),
        ("a `b c`", [[["a", "$()"]], [["b", "c"]]]),
        ("a \\\n b", [[["a", "b"]]]),
        ("a 'never closed", [[["a", "never closed"]]]),
        ("", []),
    ],
)
def test_a_command_is_read_as_a_shell_reads_it(
    command: str, expected: list[list[list[str]]]
) -> None:
    """Quotes hold together, operators part, and substitutions are commands of their own."""
    assert words(command) == expected


def test_redirections_name_the_files_that_are_written() -> None:
    """Descriptors are no files, and neither is what is read."""
    ((simple,),) = pipelines("a > out.txt 2>&1 2>>err.log < in.txt")

    assert (simple.words, simple.writes) == (["a"], ["out.txt", "err.log"])


def test_a_heredoc_is_input_and_no_command() -> None:
    """What follows its end is one again."""
    first, second = pipelines("cat <<'EOF' > f\ncurl x\nEOF\nb")

    assert (first[0].words, first[0].stdin, first[0].writes) == (["cat"], "curl x", ["f"])
    assert second[0].words == ["b"]


@pytest.mark.parametrize("part", ["a;", "$(", '"', "`", "<<E\n", "(", "\\", "a|", ">"])
def test_any_text_is_read_to_its_end(part: str) -> None:
    """Nested and broken input neither raises nor takes more than one pass a depth."""
    pipelines(part * MAX_CHARS)
