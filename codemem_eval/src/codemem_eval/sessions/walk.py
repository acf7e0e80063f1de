"""Walk through each session with every arm, and note what was told and what it was worth."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass

from codemem_core.retrieval.pack.render import tokens
from codemem_eval.sessions.arms import Arm
from codemem_eval.sessions.harm import Harm, Present, harm
from codemem_eval.sessions.outlook import Outlook, Past, heard, outlooks
from codemem_eval.sessions.recording import Projects, Session
from codemem_eval.sessions.terms import said, shown, stands_in

MakeArm = Callable[[str, ExitStack], Arm]
"""Makes an arm for one project; what must be closed goes on the stack."""
PLACEBO = "another prompt's pack"
_DRAWS = 5
"""Packs that each placebo is the mean of: one alone may happen to fit, or not."""


@dataclass(frozen=True, slots=True)
class Told:
    """What one arm told with one prompt; the first prompt has what the session began with, too."""

    arm: str
    project: str
    session: str
    turn: int
    text: str
    draw: int = 0
    """Number among several texts of the arm for one prompt; their mean counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One prompt with one arm: what there was to know, and what of it had been told."""

    arm: str
    project: str
    session: str
    turn: int
    tokens: int
    facts: int
    unknown: int
    """Facts it went on to find that no earlier session had seen."""
    saved: int
    """Facts the session went on to find that had been told before."""
    files: int
    """1 where the first file it changed was one nobody had named."""
    right_file: int
    mistakes: int
    warned: int
    corrections: int
    heeded: int
    harm: Harm

    def to_json(self) -> dict[str, object]:
        """Return the row as one flat object."""
        flat = asdict(self)
        return flat | {f"harm_{name}": value for name, value in flat.pop("harm").items()}


def tell(
    projects: Projects,
    arms: Mapping[str, MakeArm],
    *,
    walked: Callable[[Session], bool] = lambda _: True,
) -> Iterator[Told]:
    """Yield what each arm tells, session by session.

    The first of a project, and those that are not `walked`, only teach.
    """
    for project, sessions in projects.items():
        for name, make in arms.items():
            with ExitStack() as stack:
                arm = make(project, stack)
                for number, session in enumerate(sessions):
                    if number and walked(session):
                        yield from _of_session(name, arm, session)
                    arm.end(session)


def _of_session(name: str, arm: Arm, session: Session) -> Iterator[Told]:
    begun = arm.begin(session)
    for at, turn in enumerate(session.turns):
        if turn.prompt:
            text = "\n\n".join(filter(None, [begun, arm.ask(session, at)]))
            yield Told(name, session.project, session.id, at, text)
            begun = ""


def placebo(told: Sequence[Told], of: str) -> Iterator[Told]:
    """Yield for every pack of an arm those of earlier sessions that are nearest in size.

    Not of later ones, which hold what this session has yet to find. Where nothing earlier was
    told in the project, the packs come from other projects.
    """
    packs = [one for one in told if one.arm == of]
    sizes = {id(one): tokens(one.text) for one in packs}
    for at, one in enumerate(packs):
        others = [o for o in packs if o.text and o.project != one.project]
        earlier = [o for o in packs[:at] if o.text and _is_elsewhere(o, one)]
        near = sorted(earlier or others, key=lambda o: abs(sizes[id(o)] - sizes[id(one)]))
        for draw in range(_DRAWS):
            text = near[draw % len(near)].text if one.text and near else ""
            yield Told(PLACEBO, one.project, one.session, one.turn, text, draw)


def _is_elsewhere(one: Told, other: Told) -> bool:
    """Say whether two packs belong to different sessions of one project."""
    return one.project == other.project and one.session != other.session


def judge(projects: Projects, told: Iterable[Told]) -> Iterator[Row]:
    """Yield a row for each text told."""
    texts: dict[tuple[str, str], dict[tuple[str, int], dict[int, str]]] = {}
    for one in told:
        of_session = texts.setdefault((one.project, one.session), {})
        of_session.setdefault((one.arm, one.draw), {})[one.turn] = one.text
    for project, sessions in projects.items():
        past, present = Past(), Present()
        for session in sessions:
            ahead = outlooks(session, past)
            for (arm, _), by_turn in texts.get((project, session.id), {}).items():
                yield from _rows(arm, session, by_turn, ahead, present)
            past.add(session)
            present.add(session)


def _rows(
    arm: str,
    session: Session,
    by_turn: Mapping[int, str],
    ahead: Sequence[Outlook],
    present: Present,
) -> Iterator[Row]:
    context = ""
    for at, text in by_turn.items():
        context += "\n" + text.lower()
        outlook = ahead[at]
        later = "\n".join(
            f"{said(item)}\n{shown(item)}" for turn in session.turns[at:] for item in turn.items
        ).lower()
        yield Row(
            arm=arm,
            project=session.project,
            session=session.id,
            turn=at,
            tokens=tokens(text),
            facts=len(outlook.facts),
            unknown=outlook.unknown,
            saved=sum(stands_in(fact, context) for fact in outlook.facts),
            files=bool(outlook.first_file),
            right_file=bool(outlook.first_file) and stands_in(outlook.first_file, context),
            mistakes=len(outlook.mistakes),
            warned=sum(heard(words, context) for words in outlook.mistakes),
            corrections=len(outlook.corrections),
            heeded=sum(heard(words, context) for words in outlook.corrections),
            harm=harm(text, present, later),
        )
