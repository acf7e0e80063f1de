"""What agents write on their own account: when it has to wait for a person.

An agent that read a page may write down what the page told it to.
"""

from __future__ import annotations

import apsw

from codemem_core.distil.preferences import KIND as PREFERENCE
from codemem_core.distil.provenance.judge import Judge
from codemem_core.distil.provenance.orders import is_grave
from codemem_core.distil.provenance.sentences import addresses_of
from codemem_core.distil.provenance.session import SessionWords
from codemem_core.records.memory import NewMemory, Observation
from codemem_core.store.exposure import Whereabouts, read_by

_FROM_OTHERS = frozenset({"external", "teammate", "agent"})


def reason_to_wait(
    db: apsw.Connection,
    new: NewMemory,
    place: Whereabouts,
    *,
    now_ms: int,
) -> str:
    """Return why a person should confirm an agent's note before it is injected, or nothing."""
    read = read_by(db, place, now_ms=now_ms)
    carriers = SessionWords.of(read or ()).carriers
    found = Observation(kind=new.kind, title=new.title, narrative=new.body)
    judged = Judge(carriers).observation(found)
    if judged.origin == "user" and not judged.withheld:
        return ""  # it writes down what the user said
    if any(event.origin in _FROM_OTHERS for event in read or ()):
        return "an agent wrote it in a session that read text from outside"
    if judged.held or judged.withheld or new.kind == PREFERENCE:
        return "an agent wrote it, and no prompt of yours says so"
    text = f"{new.title}\n{new.body}"
    if read is None and (addresses_of(text) or is_grave(text)):
        return "an agent of an unknown session wrote it, and it asks for commands or addresses"
    return ""
