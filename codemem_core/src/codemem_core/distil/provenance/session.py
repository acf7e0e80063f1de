"""The texts of a session with their sources: what carriers are made of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from codemem_core.distil.provenance.carriers import OUTSIDE, Carriers, TextSource
from codemem_core.distil.provenance.origins import StoredCall, text_of
from codemem_core.records.event import RawEvent


@dataclass(slots=True)
class SessionWords:
    """What a stretch of a session said, and who said it first."""

    events: Sequence[RawEvent] = ()
    """Of the stretch."""
    carriers: Carriers = field(default_factory=Carriers)
    outside: set[int] = field(default_factory=set)
    """Sequence numbers of events whose text came from outside, though they do not tell by
    themselves: a file is read that was downloaded before.
    """
    _downloads: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, events: Sequence[RawEvent], *, earlier: Sequence[RawEvent] = ()) -> SessionWords:
        """Read a stretch in order; `earlier` are the outside events of the session before it."""
        session = cls(events)
        for event in events:
            for text in _of_user(event):
                session.carriers.add(text, TextSource("user"))
        for event in (*earlier, *sorted(events, key=lambda event: (event.ts_ms or 0, event.seq))):
            session._add(event)
        return session

    def _add(self, event: RawEvent) -> None:
        if event.common_type == "assistant":
            self.carriers.add(event.common["text"], TextSource("assistant"))
        elif event.adapter and event.common_type == "tool_result":
            self._add_call(event, StoredCall(event.common, event.adapter.cwd, event.origin))

    def _add_call(self, event: RawEvent, call: StoredCall) -> None:
        for text in call.inputs():
            self.carriers.add(text, TextSource("assistant"))
        origin = call.origin(self._downloads)
        self._downloads.update(call.downloads())
        if origin in OUTSIDE and event.origin not in OUTSIDE:
            self.outside.add(event.seq)
        for text in call.outputs():
            self.carriers.add(text, TextSource(origin, call.source_name()))


def _of_user(event: RawEvent) -> Iterator[str]:
    if event.common_type == "prompt":
        yield event.common["text"]
    answers = event.common.get("answers")
    for answer in answers if isinstance(answers, list) else []:
        if isinstance(answer, Mapping):
            yield text_of(answer.get("text"))
