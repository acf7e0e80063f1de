"""Measure retrieval: on judged questions, and how large packs get."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from statistics import median, quantiles
from typing import Any, TypeVar

import click

from codemem_core.commands.host import (
    Group,
    Host,
    db_option,
    json_option,
    pass_host,
    project_options,
)
from codemem_core.commands.output import say, say_json
from codemem_core.errors import InputError
from codemem_core.retrieval.embedding import Meaning
from codemem_core.retrieval.pack.build import build_pack
from codemem_core.retrieval.pack.savings import savings
from codemem_core.retrieval.remote_embedding import nearness
from codemem_core.store.engine.store import Store
from codemem_eval.commands.sessions import evaluate_sessions
from codemem_eval.corpora import Corpus, corpora_below, judged_questions
from codemem_eval.measure import (
    FIGURES,
    Near,
    ask,
    codemem,
    lost,
    nothing,
    plain_fts,
    silent,
)
from codemem_eval.report import Measured

_OURS, _PLAIN, _NOTHING = "codemem", "plain FTS5", "no memory"
_PACK_FIGURES = ("pack_tokens", "tokens_saved", "avoided_work_saved", "compression_ratio", "items")


F = TypeVar("F", bound=Callable[..., Any])


def _least_gains(command: F) -> F:
    """Add `--min-delta-recall` and so on."""
    for name in reversed(FIGURES):
        text = f"Fail (exit 1) unless {name} beats plain FTS5 by so much."
        command = click.option(f"--min-delta-{name}", type=float, help=text)(command)
    return command


@click.command("questions")
@click.argument("source", metavar="FILE|FOLDER", type=click.Path(exists=True, path_type=Path))
@click.option("--limit", default=8, show_default=True, type=click.IntRange(1, 50), help="The k.")
@click.option("--with-meaning", is_flag=True, help="Use the embedder too, as the server does.")
@click.option("--json-out", type=click.Path(dir_okay=False, path_type=Path), help="Also as JSON.")
@_least_gains
@project_options
@db_option
@json_option
@pass_host
def evaluate_questions(
    host: Host,
    /,
    source: Path,
    *,
    limit: int,
    with_meaning: bool,
    project: str | None,
    all_projects: bool,
    db_path: str | None,
    as_json: bool,
    json_out: Path | None,
    **least: float | None,
) -> None:
    """Measure search and packs on judged questions.

    FILE holds {"query": "…", "relevant_ids": [ids]} a line and is asked of your memories. FOLDER
    holds corpora (docs.jsonl, queries.jsonl), each asked of a store of its own.

    Example: codemem dev eval questions asked.jsonl --min-delta-recall 0.02
    """
    measured = Measured()
    meaning = Meaning(host.plugins, host.settings) if with_meaning else None
    if meaning is not None:
        meaning.model()  # fails now rather than quietly later
    if source.is_dir():
        for corpus in corpora_below(source):
            _measure_corpus(corpus, measured, limit, meaning)
    else:
        corpus = Corpus("your memories", (), judged_questions(source))
        place = host.project(project, everywhere=all_projects)
        with host.store(db_path) as store:
            near = _nearness(store, meaning, place)
            _measure(store, corpus, measured, k=limit, project=place, near=near)
    deltas = measured.deltas(_OURS, _PLAIN)
    report = _as_json(measured, deltas)
    if as_json:
        say_json(report)
    else:
        _show(measured, deltas, limit)
    if json_out is not None:
        json_out.write_text(json.dumps(report, indent=2), encoding="utf-8")
    _check(deltas, {name.removeprefix("min_delta_"): value for name, value in least.items()})


def _measure_corpus(corpus: Corpus, measured: Measured, k: int, meaning: Meaning | None) -> None:
    with tempfile.TemporaryDirectory() as folder, Store.open(f"{folder}/mem.sqlite") as store:
        now_ms = store.write(corpus.fill)
        near = _nearness(store, meaning and meaning.afresh(), None)
        _measure(store, corpus, measured, k=k, project=None, near=near, now_ms=now_ms)


def _nearness(store: Store, meaning: Meaning | None, project: str | None) -> Near:
    """Return what the embedder says of a question, after all memories have their vectors."""
    if meaning is None:
        return lambda _: {}
    while meaning.catch_up(store):
        pass

    @lru_cache(maxsize=1)  # a question is asked twice, of search and of packs
    def near(text: str) -> dict[int, float]:
        with store.read() as db:
            return meaning.near(db, text, project=project)

    return near


def _measure(
    store: Store,
    corpus: Corpus,
    measured: Measured,
    *,
    k: int,
    project: str | None,
    near: Near,
    now_ms: int | None = None,
) -> None:
    with store.read() as db:
        ours = codemem(db, near=near, project=project, now_ms=now_ms)
        systems = {_OURS: ours, _PLAIN: plain_fts(db, limit=k), _NOTHING: nothing()}
        for name, system in systems.items():
            measured.add(name, corpus.family, ask(system, corpus.questions, k=k))
        measured.silent.setdefault(corpus.family, []).extend(silent(ours, corpus))
        measured.lost.setdefault(corpus.family, []).extend(lost(ours, corpus.questions))


def _check(deltas: Mapping[str, tuple[float, float, float]], least: Mapping[str, Any]) -> None:
    failed = [
        name for name, value in least.items() if value is not None and deltas[name][0] < value
    ]
    for name in failed:
        say(f"{name}: {deltas[name][0]:+.4f} over {_PLAIN}, wanted {least[name]:+.4f}")
    if failed:
        raise SystemExit(1)


def _show(measured: Measured, deltas: Mapping[str, tuple[float, float, float]], limit: int) -> None:
    say(f"{'':22}" + "".join(f"{name:>11}" for name in FIGURES) + f"   (k = {limit})")
    for name in measured.systems:
        say(f"{name:22}" + "".join(f"{v:11.4f}" for v in measured.figures(name).values()))
    for family, answers in measured.systems[_OURS].items() if len(measured.silent) > 1 else ():
        one = Measured({_OURS: {family: answers}}).figures(_OURS)
        say(f"  {family:20}" + "".join(f"{value:11.4f}" for value in one.values()))
    for label, at in (("gain over plain FTS5", 0), ("  from, of 95 %", 1), ("  to", 2)):
        say(f"{label:22}" + "".join(f"{deltas[name][at]:+11.4f}" for name in FIGURES))
    silence = measured.silence()
    if silence is not None:
        say(f"silent on questions of others: {silence:.4f}")
    say(f"recall of packs lost to silence: {measured.lost_to_silence():.4f}")
    middle, slow = measured.pack_ms(_OURS)
    say(f"a pack takes {middle:.1f} ms, the 95th of 100 {slow:.1f} ms")


def _as_json(
    measured: Measured, deltas: Mapping[str, tuple[float, float, float]]
) -> dict[str, Any]:
    middle, slow = measured.pack_ms(_OURS)
    return {
        "systems": {name: measured.figures(name) for name in measured.systems},
        "families": {
            family: Measured({_OURS: {family: answers}}).figures(_OURS)
            for family, answers in measured.systems[_OURS].items()
        },
        "gain": {name: dict(zip(("mean", "low", "high"), deltas[name])) for name in FIGURES},  # noqa: B905
        "silent": measured.silence(),
        "lost_to_silence": measured.lost_to_silence(),
        "pack_ms": {"median": middle, "p95": slow},
    }


class _WithDefault(Group):
    """A group whose first command is meant where none is named."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put `questions` before what is no command."""
        if args and not args[0].startswith("-") and args[0] not in self.commands:
            args = [evaluate_questions.name or "", *args]
        return super().parse_args(ctx, args)


@click.group("eval", cls=_WithDefault)
def evaluate() -> None:
    """Measure search and packs: on judged questions, or on recorded sessions.

    `codemem dev eval FILE|FOLDER` is short for `codemem dev eval questions FILE|FOLDER`.
    """


evaluate.add_command(evaluate_questions)
evaluate.add_command(evaluate_sessions)


@click.command("pack-benchmark")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--limit", type=click.IntRange(1, 200), help="At most so many memories.")
@click.option("--token-budget", type=click.IntRange(1), help="At most about so many tokens.")
@click.option("--json-out", type=click.Path(dir_okay=False, path_type=Path), help="Also as JSON.")
@project_options
@db_option
@json_option
@pass_host
def pack_benchmark(
    host: Host,
    file: Path,
    limit: int | None,
    token_budget: int | None,
    json_out: Path | None,
    project: str | None,
    all_projects: bool,
    db_path: str | None,
    as_json: bool,
) -> None:
    """Build a pack for each line of a file; report the sizes of packs and what they save.

    Blank lines and lines that begin with # are skipped.

    Example: codemem dev pack-benchmark prompts.txt --limit 4
    """
    lines = [line.strip() for line in file.read_text(encoding="utf-8").splitlines()]
    queries = [line for line in lines if line and not line.startswith("#")]
    if not queries:
        raise InputError(f"no question in `{file}`")
    place = host.project(project, everywhere=all_projects)
    with host.store(db_path) as store, store.read() as db:
        packs = []
        for query in queries:
            pack = build_pack(
                db,
                query,
                meaning=nearness(db, store.path, query, project=place, settings=host.settings),
                limit=limit or host.settings.number("inject_limit"),
                token_budget=token_budget or host.settings.number("inject_token_budget"),
                project=place,
                learned=host.settings.flag("learning"),
            )
            pack.metrics |= savings(db, pack)
            packs.append(pack)
    summary = {name: _spread([p.metrics[name] or 0.0 for p in packs]) for name in _PACK_FIGURES}
    if as_json:
        say_json(summary)
    for name, spread in summary.items() if not as_json else ():
        say(f"{name:19}" + "".join(f"  {key} {value:g}" for key, value in spread.items()))
    if json_out is not None:
        rows = [{"query": p.context, **p.metrics} for p in packs]
        report = json.dumps({"summary": summary, "packs": rows}, indent=2)
        json_out.write_text(report, encoding="utf-8")


def _spread(values: list[float]) -> dict[str, float]:
    p90 = quantiles(values, n=10)[8] if len(values) > 1 else values[0]
    return {"median": median(values), "p90": p90, "max": max(values)}
