"""What a prompt is told that hardly asks: `python benchmarks/prompts.py FOLDER`.

FOLDER holds `retrieval/` (corpora with judged questions, see `codemem dev eval`) and
`sessions/session_summaries.jsonl` (what a model said of real sessions: `session`, `created_at`,
`files`, `summary` with `intent`, `outcome` and `open_items`). Nothing else is read. Four figures:

- *leaning*: sessions begin with their first judged question and go on with two words, either an
  order that says nothing ("fix it"; gold is what answers the first question) or the two rarest
  words of a later question of the session (gold is what answers that).
- *recap*: after each sixth session its project is asked in many ways where it stands; gold is the
  newest summary. *Open* is how many words of what it left open stand in the pack.
- *recap of a topic*: the same with the rarest words of a question about one session; gold is the
  summary of that session.
- *intent*: sentences that sound like a recap and are none, and every judged question.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import cycle, pairwise
from pathlib import Path
from statistics import mean
from typing import Any

import apsw

from codemem_core.retrieval.pack.build import Pack, build_pack
from codemem_core.retrieval.pack.query import injection_query, recap_topic
from codemem_core.store.engine.store import Store
from codemem_core.store.tokenize import query_terms
from codemem_eval.corpora import Corpus

ORDERS = ("fix it", "go on", "commit this", "yes please", "run tests", "try again", "do it")
RECAPS = (
    "where were we",
    "Where did we leave off last time?",
    "what's next",
    "ok so what is next on the list?",
    "catch me up",
    "can you bring me up to speed please",
    "what was I doing",
    "what were we working on yesterday?",
    "pick up where we left off",
    "let's continue where you stopped",
    "any open items",
    "are there any loose ends?",
    "what's still open?",
    "what is left to do",
    "what should I work on next?",
    "give me a quick recap of the last session",
    "status update please",
    "remind me what we did last time",
    "how far did we get?",
    "what are the next steps",
    "show me the remaining tasks",
    "continue",
    "summarize our progress so far",
    "hi! what did you do in the previous session?",
    "I forgot where we stopped, can you refresh my memory?",
)
TOPICS = ("where were we with {}", "what's left to do on {}?", "catch me up on {}", "status of {}")
NOT_RECAPS = (
    "where were the tests failing",
    "where are we storing the session tokens",
    "what's next.config.js for",
    "what is next to the submit button in the header",
    "add a next button to the task list",
    "continue the loop when the row is empty",
    "the summary card shows the wrong status",
    "what happens when the queue is left open",
    "open items should be sorted by date",
    "resume the download after a broken connection",
    "what was I18n doing with plural forms",
    "pick up the first item of the queue",
    "where is the recap email sent from",
    "why did we leave the retry out of the client",
    "what should the parser do next after a comma",
    "catch the error and log it",
    "list the open file handles",
    "write a summary of the config options into the readme",
    "what did the linter say about unused imports",
    "show the remaining time in the progress bar",
    "what happened to the billing export in May?",
    "update the status when the job stops",
)
_EVERY = 6
_TOPIC_WORDS = 3
_SUMMARIES = "sessions/session_summaries.jsonl"


def main() -> None:
    """Print the figures as JSON."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("folder", type=Path)
    folder: Path = options.parse_args().folder
    report = {"leaning": leaning(folder), **recaps(folder), "intent": intent(folder)}
    sys.stdout.write(json.dumps(report, indent=2) + "\n")


def leaning(folder: Path) -> dict[str, dict[str, float]]:
    """Return by kind of prompt how many there are and the share of the gold in their packs.

    Also the share of them that gets nothing from the store of the next project.
    """
    corpora = [(docs, list(_short(docs, asked))) for docs, asked in _corpora(folder)]
    told: dict[str, list[bool]] = {}
    silent: dict[str, list[bool]] = {}
    for (docs, ours), (_, others) in pairwise([*corpora, corpora[0]]):
        with _filled(docs) as db:
            for kind, first, prompt, gold in ours:
                items = _asked(db, prompt, first).metrics["pack_item_ids"]
                told.setdefault(kind, []).append(gold in items)
            for kind, first, prompt, _ in others:
                silent.setdefault(kind, []).append(not _asked(db, prompt, first).items)
    return {
        kind: {"prompts": len(found), "told": _mean(found), "silent on others": _mean(silent[kind])}
        for kind, found in told.items()
    }


def _short(
    docs: Sequence[Mapping[str, Any]], asked: Sequence[Mapping[str, Any]]
) -> Iterator[tuple[str, str, str, int]]:
    """Find kind, first prompt, prompt and id of the memory that answers."""
    rare, order = _Rare(docs), cycle(ORDERS)
    ids = {doc["id"]: at for at, doc in enumerate(docs, 1)}
    session = {doc["id"]: doc["session"] for doc in docs}
    firsts: dict[str, str] = {}
    for question in asked:
        gold, text = question["gold"][0], question["query"]
        if session[gold] in firsts:
            yield "two words", firsts[session[gold]], rare.words(text, 2), ids[gold]
        else:
            firsts[session[gold]] = text
            yield "order", text, next(order), ids[gold]


def recaps(folder: Path) -> dict[str, dict[str, float]]:
    """Return how recaps are answered, with a topic and without."""
    docs = _sessions(folder)
    gold = {doc["session"]: at for at, doc in enumerate(docs, 1) if "open" in doc}
    told, first, is_open = [], [], []
    for end in list(gold.values())[_EVERY - 1 :: _EVERY]:
        with _filled(docs[:end]) as db:
            for prompt in RECAPS:
                pack = _asked(db, prompt)
                told.append(end in pack.metrics["pack_item_ids"])
                first.append(pack.metrics["pack_item_ids"][:1] == [end])
                is_open += _share(docs[end - 1]["open"], pack.text)
    plain = {"prompts": len(told), "told": _mean(told), "first": _mean(first)}
    topics = _topics(folder, docs, gold)
    return {"recap": {**plain, "open": _mean(is_open)}, "recap of a topic": topics}


def intent(folder: Path) -> dict[str, float]:
    """Return how many recaps are taken for one, and how many other sentences."""
    other = [question["query"] for _, asked in _corpora(folder, "*/*") for question in asked]
    sets = {"recaps": RECAPS, "sound alike": NOT_RECAPS, "judged questions": other}
    return {
        name: _mean([recap_topic(prompt) is not None for prompt in prompts])
        for name, prompts in sets.items()
    }


def _topics(
    folder: Path, docs: Sequence[Mapping[str, Any]], gold: Mapping[str, int]
) -> dict[str, float]:
    rare, asked = _Rare(docs), _summarised(folder)[1]
    session = {doc["id"]: doc["session"] for doc in docs}
    told = []
    with _filled(docs) as db:
        for question in asked:
            of = session[question["gold"][0]]
            topic = rare.words(question["query"], _TOPIC_WORDS)
            for form in TOPICS if of in gold else ():
                pack = _asked(db, form.format(topic))
                told.append(gold[of] in pack.metrics["pack_item_ids"])
    return {"prompts": len(told), "told": _mean(told)}


class _Rare:
    """The words of a corpus by how few memories they stand in."""

    def __init__(self, docs: Sequence[Mapping[str, Any]]) -> None:
        self._counts = Counter(
            word for doc in docs for word in set(_words(f"{doc['title']} {doc['body']}"))
        )

    def words(self, text: str, most: int) -> str:
        """Return the rarest words of `text` that stand anywhere, in its order."""
        terms = [term for term in query_terms(text) if self._counts[term]]
        rarest = sorted(terms, key=self._counts.__getitem__)[:most]
        return " ".join(term for term in terms if term in rarest)


def _words(text: str) -> list[str]:
    """Return the words of a long text, as they are asked for."""
    return re.findall(r"[^\W_]+", text.lower())


def _asked(db: apsw.Connection, prompt: str, first: str = "") -> Pack:
    query, around = injection_query(first, prompt, ())
    return build_pack(db, query, around=around, injected=True)


def _sessions(folder: Path) -> list[dict[str, Any]]:
    """Return the memories of the summarised project, each session's summary at its end."""
    lines = _lines(folder / _SUMMARIES)
    summaries = {row["session"]: row for row in lines}
    found = [*_summarised(folder)[0], *(_summary(row) for row in summaries.values())]
    return sorted(found, key=lambda doc: str(doc["ts"])[:19])


def _summarised(folder: Path) -> tuple[list[Any], list[Any]]:
    """Return the corpus of the project whose sessions were summarised."""
    [name] = {row["repo"].replace("/", "__") for row in _lines(folder / _SUMMARIES)}
    [corpus] = _corpora(folder, f"agent-turn/{name}")
    return corpus


def _summary(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a session's summary as codemem would have written it."""
    said = row["summary"]
    sections = {
        "Request": said["intent"],
        "Completed": said["outcome"],
        "Learned": "\n".join(f"- {one}" for one in said["learnings"].get("repo", ())),
        "Next steps": "\n".join(f"- {one}" for one in said["open_items"]),
    }
    body = "\n\n".join(f"## {name}\n{text}" for name, text in sections.items() if text)
    return {
        **{"id": f"summary {row['session']}", "session": row["session"], "ts": row["created_at"]},
        **{"kind": "session_summary", "title": said["intent"][:100], "body": body},
        **{"files": row["files"], "open": " ".join(said["open_items"])},
    }


def _corpora(folder: Path, which: str = "agent-turn/*") -> Iterator[tuple[list[Any], list[Any]]]:
    for path in sorted((folder / "retrieval").glob(f"*/{which}/docs.jsonl")):
        yield _lines(path), _lines(path.with_name("queries.jsonl"))


@contextmanager
def _filled(docs: Sequence[Mapping[str, Any]]) -> Iterator[apsw.Connection]:
    with tempfile.TemporaryDirectory() as folder, Store.open(f"{folder}/mem.sqlite") as store:
        store.write(Corpus("", docs, ()).fill)
        with store.read() as db:
            yield db


def _share(wanted: str, text: str) -> list[float]:
    """Return the share of the words that stand in the text; nothing when none is wanted."""
    words, there = set(_words(wanted)), set(_words(text))
    return [len(words & there) / len(words)] if words else []


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]


def _mean(values: Sequence[float]) -> float:
    return round(mean(values), 3) if values else 0.0


if __name__ == "__main__":
    main()
