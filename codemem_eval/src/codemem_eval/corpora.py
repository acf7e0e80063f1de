"""Judged questions: where they come from, and the store they are asked of."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import apsw

from codemem_core.errors import InputError
from codemem_core.records.event import epoch_ms
from codemem_core.records.memory import NewMemory
from codemem_core.store import memories, sessions
from codemem_core.store.tokenize import tags_of

FOREIGN = 50
"""Questions of another family asked of each corpus, to see whether it keeps silent."""


@dataclass(frozen=True, slots=True)
class Question:
    """A question and the ids of the memories that answer it."""

    text: str
    gold: frozenset[int]


@dataclass(frozen=True, slots=True)
class Corpus:
    """Memories with judged questions; a corpus is one store."""

    family: str
    """Figures are means over families, so that a large one counts no more than a small one."""
    docs: Sequence[Mapping[str, Any]]
    """`id`, `session`, `ts`, `kind`, `title`, `body`, `files`; the nth becomes memory n."""
    questions: Sequence[Question]
    foreign: Sequence[str] = ()
    """Questions that nothing here answers."""

    def fill(self, db: apsw.Connection) -> int:
        """Write the memories into an empty store; return the time of the newest, epoch ms."""
        ids = {
            name: sessions.by_hand(db, project=None, cwd=None, now_ms=0)
            for name in dict.fromkeys(doc["session"] for doc in self.docs)
        }
        for at, doc in enumerate(self.docs):
            memories.add(db, _memory(at, doc), session_id=ids[doc["session"]], now_ms=1)
        return max((epoch_ms(doc["ts"]) or 0 for doc in self.docs), default=0)


def judged_questions(path: Path) -> list[Question]:
    """Read `{"query": text, "relevant_ids": [ids]}` a line; raises `InputError`.

    The same question twice is refused: it would count twice.
    """
    questions = [_question(row, path) for row in _rows(path)]
    if len({question.text for question in questions}) < len(questions):
        raise InputError(f"a question stands there twice: `{path}`")
    return questions


def corpora_below(root: Path) -> list[Corpus]:
    """Read every folder below `root` that holds `docs.jsonl` and `queries.jsonl`.

    The folder above a corpus is its family, and each family is asked 50 of the next one's
    questions. Raises `InputError` when there is no corpus.
    """
    families: dict[str, list[Path]] = {}
    for path in sorted(root.rglob("docs.jsonl")):
        families.setdefault(path.parent.parent.name, []).append(path.parent)
    if not families:
        raise InputError(f"no corpus (`docs.jsonl`, `queries.jsonl`) below `{root}`")
    names = list(families)
    asked = {name: [q["query"] for f in families[name] for q in _queries(f)] for name in names}
    return [
        _corpus(family, folder, asked[other] if other != family else [])
        for family, other in pairwise([*names, names[0]])
        for folder in families[family]
    ]


def _corpus(family: str, folder: Path, foreign: Sequence[str]) -> Corpus:
    docs = list(_rows(folder / "docs.jsonl"))
    ids = {doc["id"]: at for at, doc in enumerate(docs, 1)}
    questions = [
        Question(row["query"], frozenset(ids[name] for name in row["gold"]))
        for row in _queries(folder)
    ]
    return Corpus(family, docs, questions, foreign[:: max(1, len(foreign) // FOREIGN)])


def _memory(at: int, doc: Mapping[str, Any]) -> NewMemory:
    files = tuple(doc["files"])
    return NewMemory(
        key=str(at),
        kind=doc["kind"],
        title=doc["title"],
        body=doc["body"],
        files_modified=files,
        tags=tags_of(doc["kind"], (), files),
        origin="user",
        created_ms=epoch_ms(doc["ts"]) or 0,
    )


def _queries(folder: Path) -> list[dict[str, Any]]:
    return list(_rows(folder / "queries.jsonl"))


def _question(row: Mapping[str, Any], path: Path) -> Question:
    text, ids = row.get("query"), row.get("relevant_ids")
    numbers = isinstance(ids, list) and all(type(one) is int for one in ids)
    if not isinstance(text, str) or not ids or not numbers:
        raise InputError(
            f"not a judged question in `{path}`: `{json.dumps(row)[:80]}`",
            hint='a line is {"query": "…", "relevant_ids": [1, 2]}',
        )
    return Question(text, frozenset(ids))


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeError) as error:
        raise InputError(f"cannot read `{path}`: {error}") from error
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise InputError(f"no JSON in `{path}`, line {number}: {error}") from error
        if not isinstance(row, dict):
            raise InputError(f"no JSON object in `{path}`, line {number}")
        yield row
