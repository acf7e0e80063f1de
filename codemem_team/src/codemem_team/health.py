"""What `codemem doctor` and the Health page say of teams; the server is not asked."""

from __future__ import annotations

import os
from collections.abc import Iterator

from codemem_core.api import HealthScope
from codemem_core.config.settings import Settings
from codemem_core.errors import StoreError
from codemem_core.records.protocols import Check
from codemem_core.store.engine.store import Store
from codemem_team import local
from codemem_team.local import Membership

TYPE_CHECKING = False
if TYPE_CHECKING:
    import apsw

    from codemem_team.status import Status

_STATUS_HINT = "`codemem team status` shows both ends"


class TeamHealth:
    """Compares what is here with what the server had when it was reached last."""

    def __init__(self, settings: Settings) -> None:
        del settings

    def examine(self, scope: HealthScope) -> Iterator[Check]:
        """Yield one check a team; nothing without a database, or with one that cannot be used."""
        if not os.path.exists(scope.database):
            return
        try:
            with Store.open(scope.database, upgrade=False) as store, store.read() as db:
                found = [_last_status(db, one) for one in local.memberships(db)]
        except StoreError:
            return  # the program's own checks name it
        for status in found:
            name, problem = status.membership.name, status.problem
            wrong = [line.text for line in status.lines() if not line.ok]
            if problem:
                yield Check(ok=False, text=f"team `{name}`: {problem}", hint=_STATUS_HINT)
            elif wrong:
                yield Check(ok=False, text=f"team `{name}`: {wrong[0]}", hint=_STATUS_HINT)
            else:
                yield Check(ok=True, text=f"team `{name}`: both ends have the same")


def _last_status(db: apsw.Connection, team: Membership) -> Status:
    # Here: it loads PostgreSQL's client, which who is in no team need not wait for.
    from codemem_team.status import last_status  # noqa: PLC0415

    return last_status(db, team)
