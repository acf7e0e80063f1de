"""Who observes, and where the text of sessions goes for it."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from codemem_core.config.settings import Settings
from codemem_core.errors import CodememError
from codemem_core.observers.budget import Purse
from codemem_core.observers.credentials import provider_of
from codemem_core.observers.observe import NoObserver, Observing
from codemem_core.plugins.registry import Plugins
from codemem_core.records.seams import ObserverRuntime
from codemem_core.store.engine.store import Store

_LOCAL = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """Who would be asked next, and who would read the text then."""

    runtime: str
    place: str
    """A host, a vendor or a program; empty when text stays on this machine."""
    why: str = ""
    """Why this runtime stands in for the usual one; empty when it does not."""

    def text(self) -> str:
        """Return it in a sentence."""
        if not self.place:
            return f"{self.runtime}: text stays on this machine"
        return f"{self.runtime}: text of your sessions goes to {self.place}"


def destination(plugins: Plugins, settings: Settings, store: Store | None) -> Destination:
    """Return who would observe now; looks for a credential and asks no model.

    `store` is None where there is no database yet: then no model has ever been asked.
    """
    if store is None and not is_chosen(settings):
        return _offline(plugins, "no model is set up")
    purse = Purse(store, settings) if store else None
    observing = Observing(plugins, settings, purse=purse)
    try:
        record = observing.chosen()
        observing.credential(record)
    except NoObserver as none:
        return _offline(plugins, str(none))
    except CodememError as error:
        return Destination(runtime="none", place="", why=str(error))
    return Destination(runtime=record.name, place=_place(record, settings))


def is_chosen(settings: Settings) -> bool:
    """Say whether any setting of the observer was set."""
    keys = [each.key for each in settings.all() if each.key.startswith("observer_")]
    return any(settings.where(key) != "default" for key in keys)


def _offline(plugins: Plugins, why: str) -> Destination:
    records = plugins.observer_runtimes().values()
    name = next((each.name for each in records if each.offline), "none")
    return Destination(runtime=name, place="", why=why)


def _place(record: ObserverRuntime, settings: Settings) -> str:
    if record.offline:
        return ""
    if record.sends_to:
        return record.sends_to
    base_url = settings.text("observer_base_url")
    if not base_url:
        return f"the provider `{provider_of(settings)}`"
    host = urlsplit(base_url).hostname or base_url
    return "" if host in _LOCAL else host
