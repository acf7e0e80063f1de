"""A model whose context or answer is too short: asked again with less, or with more room."""

from __future__ import annotations

import pytest

from codemem_core.errors import ContextTooLong, PermanentError
from codemem_core.records.evidence import Evidence, Prompt
from codemem_core.records.protocols import ObserveRequest, ObserverReply
from tests.core.observers.test_observe import EVIDENCE, Make, Scene, make, scene

__all__ = ["make", "scene"]

LONG = " ".join(f"word{n}" for n in range(9_000))


def test_evidence_that_does_not_fit_is_asked_with_less(make: Make, scene: Scene) -> None:
    """A small local model has a small context; the next batch begins where this one fitted."""

    def small(request: ObserveRequest) -> ObserverReply:
        scene.asked.append(request)
        if len(request.instructions) + len(request.prompt) > 7_000:
            raise ContextTooLong("too long")
        return ObserverReply(text="<skip_summary/>")

    scene.observe = small  # type: ignore[method-assign]
    observing = make()
    long = Evidence(source="claude", stream_id="s1", items=(Prompt(text=LONG, seq=1),))

    observing.observe(long)
    observing.observe(long)

    sizes = [len(request.instructions) + len(request.prompt) for request in scene.asked]
    assert len(sizes) == 3
    assert sizes[0] > 7_000 > max(sizes[1:])


def test_evidence_that_never_fits_is_asked_a_few_times(make: Make, scene: Scene) -> None:
    """There is a least that a model must read."""

    def none(request: ObserveRequest) -> ObserverReply:
        scene.asked.append(request)
        raise ContextTooLong("too long")

    scene.observe = none  # type: ignore[method-assign]

    with pytest.raises(ContextTooLong):
        make().observe(EVIDENCE)

    assert len(scene.asked) < 5


def test_thinking_that_takes_all_the_room_gets_more_once(make: Make, scene: Scene) -> None:
    """Then the answer arrives, and the next batch has that room from the start."""

    def thinks(request: ObserveRequest) -> ObserverReply:
        scene.asked.append(request)
        enough = (request.max_tokens or 0) > 4_000
        return ObserverReply(text="<skip_summary/>" if enough else "<think>hm", cut_off=not enough)

    scene.observe = thinks  # type: ignore[method-assign]
    observing = make()

    observing.observe(EVIDENCE)
    observing.observe(EVIDENCE)

    assert [request.max_tokens for request in scene.asked] == [4_000, 16_000, 16_000]


def test_thinking_without_end_is_named(make: Make, scene: Scene) -> None:
    """It is the limit that a person can raise."""

    def thinks(request: ObserveRequest) -> ObserverReply:
        scene.asked.append(request)
        return ObserverReply(text="", cut_off=True)

    scene.observe = thinks  # type: ignore[method-assign]

    with pytest.raises(PermanentError, match="observer_max_tokens"):
        make().observe(EVIDENCE)

    assert len(scene.asked) == 2
