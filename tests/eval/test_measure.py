"""Figures of retrieval: what is counted, what is compared, what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from codemem_cli.app import cli
from codemem_core.errors import InputError
from codemem_eval.corpora import Question, corpora_below, judged_questions
from codemem_eval.measure import Answer, System, ask
from codemem_eval.report import Measured

Remember = Callable[..., int]
TOPICS = ("lease", "parser", "invoice", "export", "login")


def write_lines(path: Path, rows: list[dict[str, object]]) -> Path:
    """Write a JSONL file, and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return path


@pytest.fixture
def corpora(tmp_path: Path) -> Path:
    """Write two families of one corpus each."""
    for family in ("one", "two"):
        folder = tmp_path / "sets" / family / "corpus"
        docs = [
            {
                **{"id": topic, "session": "s", "ts": "2026-01-01T00:00:00Z", "kind": "change"},
                **{"title": f"Fix the {topic}", "body": f"{family} {topic} fixed", "files": []},
            }
            for topic in TOPICS
        ]
        write_lines(folder / "docs.jsonl", docs)
        asked = [{"qid": t, "query": f"fix the {t}", "gold": [t], "type": ""} for t in TOPICS]
        write_lines(folder / "queries.jsonl", asked)
    return tmp_path / "sets"


def run(*arguments: str) -> tuple[int, str]:
    """Run the program; return exit code and output."""
    result = CliRunner().invoke(cli, list(arguments))
    return result.exit_code, result.output


def test_an_answer_is_counted_at_k() -> None:
    """One of two at rank 2, one beyond k; the pack is judged by itself."""
    system = System(lambda _: [9, 1, 8, 2], lambda _: [2])

    answer = ask(system, [Question("x", frozenset({1, 2}))], k=3)[0]

    assert (answer.recall, answer.precision, answer.mrr) == (0.5, pytest.approx(1 / 3), 0.5)
    assert answer.ndcg == pytest.approx(0.6309 / 1.6309, abs=1e-3)
    assert answer.pack == 0.5


def test_a_gain_has_an_interval_around_it() -> None:
    """Families count the same, however large; the same data gives the same interval."""
    measured = Measured()
    for family, count in (("large", 90), ("small", 10)):
        good = [Answer(recall=float(family == "small")) for _ in range(count)]
        measured.add("ours", family, good)
        measured.add("plain", family, [Answer()] * count)

    mean, low, high = measured.deltas("ours", "plain")["recall"]

    assert (mean, low, high) == (0.5, 0.5, 0.5)


def test_a_folder_is_measured_corpus_by_corpus(corpora: Path) -> None:
    """With both baselines, silence and the time a pack takes."""
    code, printed = run("eval", str(corpora), "--json")

    report = json.loads(printed)
    assert code == 0
    assert set(report["systems"]) == {"codemem", "plain FTS5", "no memory"}
    assert report["systems"]["codemem"]["recall"] == 1.0
    assert report["systems"]["no memory"]["pack"] == 0.0
    assert set(report["families"]) == {"one", "two"}
    assert report["pack_ms"]["p95"] > 0


def test_a_gain_that_is_too_small_fails(corpora: Path) -> None:
    """For CI: exit code 1, and which figure it was."""
    code, printed = run("eval", str(corpora), "--min-delta-recall", "0.5")

    assert code == 1
    assert "recall: +0.0000 over plain FTS5, wanted +0.5000" in printed
    assert run("eval", str(corpora), "--min-delta-recall", "0")[0] == 0


def test_a_file_is_asked_of_your_memories(
    store: object, database: str, remember: Remember, tmp_path: Path
) -> None:
    """By the ids that `codemem search` shows."""
    wanted = remember("Lease renewed")
    questions = [{"query": "lease renewed", "relevant_ids": [wanted]}]
    path = write_lines(tmp_path / "questions.jsonl", questions)

    code, printed = run("eval", str(path), "--db-path", database, "--all-projects", "--json")

    assert code == 0
    assert json.loads(printed)["systems"]["codemem"]["mrr"] == 1.0


@pytest.mark.parametrize("command", ["eval", "hybrid-eval"])
def test_the_figures_go_to_a_file_too(command: str, corpora: Path, tmp_path: Path) -> None:
    """The same as `--json` prints but for the time it took, beside what a person reads."""
    report = tmp_path / "report.json"
    code, printed = run(command, str(corpora), "--json-out", str(report))
    asked = json.loads(run(command, str(corpora), "--json")[1])

    written = json.loads(report.read_text())
    assert code == 0
    assert printed.startswith(" ")
    assert written | {"pack_ms": None} == asked | {"pack_ms": None}


@pytest.mark.parametrize(
    "rows",
    [
        [{"query": "x"}],
        [{"query": "x", "relevant_ids": []}],
        [{"query": "x", "relevant_ids": ["1"]}],
        [{"query": 1, "relevant_ids": [1]}],
        [{"query": "x", "relevant_ids": [1]}, {"query": "x", "relevant_ids": [2]}],
    ],
)
def test_bad_questions_are_refused(tmp_path: Path, rows: list[dict[str, object]]) -> None:
    """Rather than counted as failures of the search."""
    with pytest.raises(InputError):
        judged_questions(write_lines(tmp_path / "questions.jsonl", rows))


def test_a_folder_without_a_corpus_is_refused(tmp_path: Path) -> None:
    """A wrong path must not look like a bad figure."""
    with pytest.raises(InputError, match="no corpus"):
        corpora_below(tmp_path)


def test_pack_benchmark_says_how_large_packs_get(
    store: object, database: str, remember: Remember, tmp_path: Path
) -> None:
    """One question a line; comments and blank lines are none."""
    remember("Lease renewed", "by the worker")
    asked, report = tmp_path / "asked.txt", tmp_path / "report.json"
    asked.write_text("# questions\n\nlease renewed\nzebra\n", encoding="utf-8")

    code, printed = run(
        *("pack-benchmark", str(asked), "--db-path", database, "--all-projects"),
        *("--json-out", str(report)),
    )

    assert code == 0
    assert "pack_tokens" in printed
    assert [pack["items"] for pack in json.loads(report.read_text())["packs"]] == [1, 0]
