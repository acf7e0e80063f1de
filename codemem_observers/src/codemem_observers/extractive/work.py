"""The work of one turn as a claim: what it does now, why, and what proves it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from codemem_observers.extractive.checks import Check
from codemem_observers.extractive.claims import Claim
from codemem_observers.extractive.commits import Commit
from codemem_observers.extractive.markdown import Statement
from codemem_observers.extractive.outcomes import Withdrawn
from codemem_observers.extractive.phrasing import end_sentence, joined, size
from codemem_observers.extractive.runs import Run
from codemem_observers.extractive.shell import first_error
from codemem_observers.extractive.titles import shortened, title_of, titled, without_opening
from codemem_observers.extractive.turns import Turn
from codemem_observers.extractive.weight import explains, says_something, weight

MAX_WHAT = 55
"""Words that tell what was done; the reason and the proof come on top."""
MIN_MESSAGE = 15
"""Words of a commit message that tells enough by itself."""
MAX_WHY = 40
MAX_FACTS = 2
WORTH = 8.0
"""Of work that was done; more than any explanation of it."""
CHORE_WORTH = 4.0
ITEM_WORTH = 3.5
MIN_ITEMS = 3
MAX_ITEMS = 7

_PULL_REQUEST = re.compile(r"https?://\S+/(?:pull|pulls|merge_requests)/\d+")
_PREFIX = re.compile(r"^(\w+)(?:\([^)]*\))?!?:\s")
_KINDS = {
    **dict.fromkeys(("fix", "hotfix", "bug", "bugfix"), "bugfix"),
    **dict.fromkeys(("feat", "feature"), "feature"),
    "refactor": "refactor",
    **dict.fromkeys(("docs", "chore", "test", "style", "build", "ci", "perf"), "change"),
}
_BY_WORD = (
    (
        "bugfix",
        re.compile(
            r"\b(?:fix(?:e[sd]|ing)?|bug|broken|crash(?:es|ed)?|regression|repair|"
            r"resolve[sd]?|wrong)\b"
        ),
    ),
    (
        "refactor",
        re.compile(
            r"\b(?:refactor|rename|move|extract|simplif|clean ?up|dedup|reorgani[sz]e|split|"
            r"consolidate)"
        ),
    ),
    ("feature", re.compile(r"\b(?:add|implement|create|introduce|support|enable|build|new)\b")),
)


def work_claims(turn: Turn, said: list[Statement], withdrawn: Withdrawn) -> Iterator[Claim]:
    """Yield a claim for each commit of a turn, or one for changes that were not committed."""
    made = [(c, run) for c, run in turn.commits if c not in withdrawn.commits]
    kept = [pair for pair in made if not _is_chore(pair[0])] or made[-1:]
    if not kept:
        if turn.changes and (claim := _uncommitted(turn, said)):
            yield claim
        return
    main = max(kept, key=lambda pair: (len(" ".join(pair[0].body)), pair[1].seq))[0]
    for commit, run in kept:
        others = [c for c, _ in made if c is not commit and c not in [k for k, _ in kept]]
        yield _committed(
            turn, commit, run, said if commit is main else [], others if commit is main else []
        )
        yield from _items(turn, commit, run)


def last_checks(turn: Turn) -> list[tuple[Check, Run]]:
    """Return the last result of each kind of check; a commit's hook counts least."""
    hooked = [run for run in turn.runs if run.commits]
    own = [run for run in turn.runs if not run.commits]
    last = {check.what: (check, run) for run in [*hooked, *own] for check in run.checks}
    passed = {run.purpose: run.seq for run in turn.runs if run.ok}
    return [(c, run) for c, run in last.values() if c.ok or passed.get(run.purpose, -1) < run.seq]


def failing(turn: Turn) -> list[str]:
    """Return the checks that failed last, each with its command and first error."""
    return [
        f"`{run.shown}`: {check.text}" + (f" ({why})" if (why := first_error(run.output)) else "")
        for check, run in last_checks(turn)
        if not check.ok
    ]


def _committed(
    turn: Turn, commit: Commit, run: Run, said: list[Statement], others: list[Commit]
) -> Claim:
    title = shortened(commit.subject)
    told = [] if size(" ".join(commit.body)) >= MIN_MESSAGE else _told(said)
    listed = set(commit.items) if len(commit.items) >= MIN_ITEMS else set()
    message = [part for part in commit.body if part not in listed]
    what = _fitting([*message, *told], MAX_WHAT, beside=title)
    proof = f"Committed as {commit.hash}" if commit.hash else "Committed"
    body = [*what, *_before(turn, title, what), f"{proof}{_checked(turn)}", *_reviewed(turn)]
    return Claim(
        title=title,
        body=tuple(body),
        kind=_kind(turn, commit.subject),
        worth=CHORE_WORTH if _is_chore(commit) else WORTH,
        evidence=(*turn.prompt_seqs, run.seq, *(s.seq for s in said), *_edit_seqs(turn)),
        concepts=("what-changed",),
        facts=tuple(f"Commit {c.hash}: {c.subject}".replace(" :", ":") for c in others),
        files_modified=tuple(sorted(c.moved_to or c.path for c in turn.changes)),
        files_read=tuple(turn.reads)[:12],
    )


def _items(turn: Turn, commit: Commit, run: Run) -> Iterator[Claim]:
    """Yield the items of a long message as claims of their own: its subject names none of them."""
    for item in commit.items[:MAX_ITEMS] if len(commit.items) >= MIN_ITEMS else ():
        if title := titled(item):
            yield Claim(
                title=title,
                body=(item,),
                facts=(f"Commit {commit.hash}",) if commit.hash else (),
                kind=_kind(turn, commit.subject),
                worth=ITEM_WORTH,
                evidence=(run.seq,),
                concepts=("what-changed",),
                files_modified=tuple(c.path for c in turn.changes if _names(item, c.path)),
            )


def _names(text: str, path: str) -> bool:
    return path.rpartition("/")[2] in text


def _uncommitted(turn: Turn, said: list[Statement]) -> Claim | None:
    told = [s for s in said if weight(s) >= 1 and not explains(s)]
    told = told or [s for s in said if weight(s) >= 1]
    # What was asked, when it names the work (a plan's heading), beats a bullet of what was said.
    best = max(told, key=_as_title, default=None)
    title = titled(turn.request.title) if turn.request.is_plan else ""
    title = title or (title_of(best) if best else "")
    if not title:
        return None
    what = _fitting(_told(said), MAX_WHAT, beside=title)
    proof = _checked(turn).lstrip(", ;")
    body = [*what, *_before(turn, title, what), *([f"Checked: {proof}"] if proof else [])]
    return Claim(
        title=title,
        body=tuple(body) or (_files(turn),),
        facts=_how(turn) if size(" ".join(what)) < MIN_MESSAGE else (),
        kind=_kind(turn, turn.request.title),
        worth=WORTH,
        evidence=(*turn.prompt_seqs, *(s.seq for s in told), *_edit_seqs(turn)),
        concepts=("what-changed",),
        files_modified=tuple(sorted(c.moved_to or c.path for c in turn.changes)),
        files_read=tuple(turn.reads)[:12],
    )


def _as_title(statement: Statement) -> float:
    """Return how well a statement names the whole of the work: prose before list items."""
    return bool(title_of(statement)) * (2 - statement.is_item + weight(statement) / 10)


def _told(said: list[Statement]) -> list[str]:
    """Return what was said of the result; causes come first as claims of their own."""
    worth = [s for s in said if weight(s) >= 1]
    plain = [s for s in worth if not explains(s)] or worth
    return [without_opening(s.text, s.words) for s in plain]


def _fitting(texts: list[str], words: int, *, beside: str) -> list[str]:
    """Return whole sentences, from the first, as long as they fit; not what the title says."""
    kept: list[str] = []
    for text in dict.fromkeys(texts):
        if text.rstrip(".") == beside or (not says_something(text) and not kept):
            continue
        if kept and size(" ".join([*kept, text])) > words:
            break
        if size(text) <= words * 1.5:
            kept.append(text)
    return kept


def _before(turn: Turn, title: str, what: list[str]) -> list[str]:
    """Return how it was before and why that had to change, as the request tells it."""
    if not turn.request.is_plan:
        return []
    why = [s for s in turn.request.background if not s.is_item and says_something(s.text, s.words)]
    why = [s for s in why if s.section and s.words.why_section.search(s.section)]
    told = " ".join((title, *what))
    best = [s.text for s in why if s.text not in told][:2]
    fits = best[:1] if size(" ".join(best)) > MAX_WHY else best
    return [f"State before the change: {' '.join(map(end_sentence, fits))}"] if fits else []


def _reviewed(turn: Turn) -> list[str]:
    """Return the pull request that the turn's words link to."""
    found = [link[0] for s in turn.said if (link := _PULL_REQUEST.search(s.text))]
    return [f"Pull request: {found[-1]}"] if found else []


def _checked(turn: Turn) -> str:
    """Return what the last checks showed: `, 1351 tests passed and lint clean`."""
    good = [check.text for check, _ in last_checks(turn) if check.ok]
    bad = [f"{check.text} (`{run.shown}`)" for check, run in last_checks(turn) if not check.ok]
    return (f", {joined(good)}" if good else "") + (f"; failing: {joined(bad)}" if bad else "")


def _files(turn: Turn) -> str:
    names = [f"`{change.path}`" for change in turn.changes]
    return f"Changed {joined(names)}"


def _how(turn: Turn) -> tuple[str, ...]:
    """Return how its files changed, of the first few."""
    return tuple(f"`{c.path}`: {c.describe()}" for c in turn.changes[:MAX_FACTS])


def _edit_seqs(turn: Turn) -> list[int]:
    return [seq for change in turn.changes for seq in change.seqs]


def _is_chore(commit: Commit) -> bool:
    prefix = _PREFIX.match(commit.subject)
    return bool(prefix) and prefix[1].lower() in {"chore", "style", "docs", "ci", "test"}  # type: ignore[index]


def _kind(turn: Turn, named: str) -> str:
    """Return the kind the evidence supports best: commit prefix, fixed tests, words, new files."""
    if (prefix := _PREFIX.match(named)) and prefix[1].lower() in _KINDS:
        return _KINDS[prefix[1].lower()]
    if _tests_were_fixed(turn):
        return "bugfix"
    for text in (named, turn.request.title):
        opening = " ".join(text.lower().split()[:5])
        for kind, words in _BY_WORD:
            if words.search(opening):
                return kind
    return "feature" if any(change.created for change in turn.changes) else "change"


def _tests_were_fixed(turn: Turn) -> bool:
    """Say whether tests failed before the turn's first edit and pass at its end."""
    first_edit = min(_edit_seqs(turn), default=-1)
    tests = [(run.seq, check) for run in turn.runs for check in run.checks if check.what == "tests"]
    before = [check.ok for seq, check in tests if seq < first_edit]
    return bool(before) and not all(before) and tests[-1][1].ok
