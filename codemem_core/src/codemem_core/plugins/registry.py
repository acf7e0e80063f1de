"""Plugins: find them, check them, keep a bad one from hurting anybody, and ask them.

A plugin is a module that an entry point of the group `codemem` names. Its hooks are called once,
right after it is imported; what they return is checked then, and a plugin that breaks a rule is
switched off as a whole. The rest keeps working.
"""

from __future__ import annotations

import copy
import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from importlib import import_module
from itertools import chain
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeVar, cast

import pluggy

from codemem_core import hookspecs
from codemem_core._version import __version__
from codemem_core.config.setting import Setting
from codemem_core.config.settings import Settings, blocked_plugins
from codemem_core.errors import CodememError, InputError, NotFound, PluginError
from codemem_core.plugins import loader
from codemem_core.plugins.caller import Callee, Caller, contained, in_front
from codemem_core.plugins.seam_table import SEAMS, Record, names
from codemem_core.records.event import AdapterEvent
from codemem_core.records.plugin import PluginInfo
from codemem_core.records.protocols import RecordedSource
from codemem_core.records.seams import (
    AuthSource,
    BackgroundWorker,
    ChangeFollower,
    Command,
    Embedder,
    FlushPolicy,
    HealthCheck,
    HostSetup,
    IngestSource,
    ObserverRuntime,
    Page,
    Route,
    SeamRecord,
)

if TYPE_CHECKING:
    from codemem_core.records.memory import Memory
    from codemem_core.records.protocols import EventContext, Source

R = TypeVar("R", bound=Record)
T = TypeVar("T")

_LOADING = 6
"""Importing and making may take so many times as long as a call: libraries of models are large."""
_PASSING_READERS = (InputError, PluginError)
_BUILTIN = "builtin"
_log = logging.getLogger(__name__)


class Plugins:
    """The plugins of one process; made once in `main` and handed on."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._pm = pluggy.PluginManager("codemem")
        self._pm.add_hookspecs(hookspecs)
        self._infos: list[PluginInfo] = []
        self._records: dict[str, dict[str, Record]] = {hook: {} for hook in SEAMS}
        self._provider: dict[tuple[str, str], PluginInfo] = {}
        self._owner: dict[tuple[type[Record], str], PluginInfo] = {}
        self._sources: dict[str, Source] = {}
        self._limit_s = settings.number("plugin_timeout_ms") / 1000
        self._caller = Caller(self._limit_s, report=self._note)
        if settings.flag("trace_hooks"):
            self._pm.add_hookcall_monitoring(loader.trace, lambda *_: None)

    @classmethod
    def load(cls, settings: Settings, *, blocked: Iterable[str] = ()) -> Plugins:
        """Load the core's own plugin and every installed one that is not blocked."""
        from importlib.metadata import entry_points  # noqa: PLC0415 - `only` goes without them

        from codemem_core.plugins import builtin  # noqa: PLC0415 - as above

        plugins = cls(settings)
        core = PluginInfo(name=_BUILTIN, distribution="codemem-core", version=__version__)
        plugins._add(core, partial(_itself, builtin))
        unwanted = {*blocked, *blocked_plugins(settings)}
        allowed = {*settings.names("plugins_allow")}
        for entry in sorted(entry_points(group="codemem"), key=loader.in_order):
            info = loader.described(entry)
            if entry.name in unwanted:
                plugins._infos.append(replace(info, state="blocked"))
            elif info.third_party and allowed and info.distribution not in allowed:
                problem = PluginError(f"`{info.distribution}` is not among your `plugins_allow`")
                plugins._infos.append(replace(loader.failed(info, problem), state="blocked"))
            else:
                plugins._add(info, entry.load)
        return plugins

    @classmethod
    def only(cls, *modules: ModuleType, settings: Settings) -> Plugins:
        """Load exactly these modules, and not even the core's own."""
        plugins = cls(settings)
        for module in modules:
            plugins._add(PluginInfo(name=module.__name__), partial(_itself, module))
        return plugins

    # --- one method a seam -----------------------------------------------------------------------

    def settings(self) -> dict[str, Setting]:
        """Return every setting by its key."""
        return self._named("codemem_settings", Setting)

    def ingest_sources(self) -> dict[str, IngestSource]:
        """Return the hosts whose events are understood, by name."""
        return self._named("codemem_ingest_sources", IngestSource)

    def flush_policies(self) -> dict[str, FlushPolicy]:
        """Return the flush policies by name."""
        return self._named("codemem_flush_policies", FlushPolicy)

    def observer_runtimes(self) -> dict[str, ObserverRuntime]:
        """Return the observer runtimes by name."""
        return self._named("codemem_observer_runtimes", ObserverRuntime)

    def auth_sources(self) -> dict[str, AuthSource]:
        """Return the auth sources by name."""
        return self._named("codemem_auth_sources", AuthSource)

    def change_followers(self) -> dict[str, ChangeFollower]:
        """Return what takes committed changes, by name."""
        return self._named("codemem_changes", ChangeFollower)

    def background_workers(self) -> dict[str, BackgroundWorker]:
        """Return what works in the background of the server, by name."""
        return self._named("codemem_workers", BackgroundWorker)

    def embedders(self) -> dict[str, Embedder]:
        """Return the embedders by name."""
        return self._named("codemem_embedders", Embedder)

    def commands(self) -> dict[str, Command]:
        """Return the commands by what calls them: `status`, `db adopt`."""
        return self._named("codemem_commands", Command)

    def viewer_routes(self) -> dict[str, Route]:
        """Return the viewer's routes by name."""
        return self._named("codemem_viewer_routes", Route)

    def viewer_pages(self) -> dict[str, Page]:
        """Return the pages that plugins add to the viewer, by name."""
        return self._named("codemem_viewer_pages", Page)

    def host_setups(self) -> dict[str, HostSetup]:
        """Return the agents codemem can be installed into, by name."""
        return self._named("codemem_host_setups", HostSetup)

    def health_checks(self) -> dict[str, HealthCheck]:
        """Return who looks at a part of the installation, by name."""
        return self._named("codemem_health_checks", HealthCheck)

    def project(self, cwd: str | None, payload: Mapping[str, Any]) -> str | None:
        """Return the project an event belongs to: the first answer, the core's last."""
        answers = self._ask("codemem_project", loader.text_or_none, cwd=cwd, payload=payload)
        return next(filter(None, answers), None)

    def memory_saved(self, memory: Memory) -> None:
        """Tell every plugin that a memory was committed."""
        for _ in self._ask("codemem_memory_saved", lambda _: None, memory=memory):
            pass

    # --- the code behind a record ----------------------------------------------------------------

    def target(self, record: SeamRecord) -> Any:  # noqa: ANN401 - whatever its seam asks for
        """Import what a record names; raises `PluginError` that names the plugin."""
        module, _, name = record.target.partition(":")
        limit_s = _LOADING * self._limit_s
        return self.call(record, lambda: getattr(import_module(module), name), limit_s=limit_s)

    def make(self, record: SeamRecord) -> object:
        """Import what a record names and call it with the settings.

        Raises `PluginError` that names the plugin, or the target's own `CodememError`.
        """
        target = self.target(record)
        limit_s = _LOADING * self._limit_s
        return self.call(record, lambda: target(self._settings), limit_s=limit_s)

    def call(
        self,
        record: SeamRecord,
        work: Callable[[], T],
        *,
        limit_s: float | None = None,
        passing: tuple[type[Exception], ...] = (CodememError,),
        quick: bool = False,
    ) -> T:
        """Run the code behind a record; see `Caller.call`."""
        callee = self._callee(record)
        return self._caller.call(callee, work, limit_s=limit_s, passing=passing, quick=quick)

    def call_in_front(
        self, record: SeamRecord, work: Callable[[], T], *, passing: tuple[type[Exception], ...]
    ) -> T:
        """Run the code behind a record in front of a person; see `caller.in_front`."""
        return in_front(self._callee(record), work, passing)

    def _callee(self, record: SeamRecord) -> Callee:
        info = self.provider(record) or PluginInfo(name="?")
        return Callee(info=info, key=record.name, about=f"`{record.target}`")

    def source(self, name: str) -> Source:
        """Return the ingest source of that name, made once; raises `NotFound`."""
        if name not in self._sources:
            self._sources.setdefault(name, cast("Source", self.make(self._source_record(name))))
        return self._sources[name]

    def _source_record(self, name: str) -> IngestSource:
        record = self.ingest_sources().get(name)
        if record is None:
            raise NotFound(
                f"no plugin understands events of: `{name}`", hint="see `codemem plugins`"
            )
        return record

    def normalize(
        self, name: str, payload: Mapping[str, Any], *, context: EventContext
    ) -> AdapterEvent | None:
        """Let an ingest source read a payload; what goes wrong in it stays its own.

        Raises what the seam allows (`InputError`), `NotFound`, or `PluginError` for a fault. After
        `MOST_FAULTS` of those the source is not asked again by this process.
        """
        source, record = self.source(name), self._source_record(name)
        given = copy.deepcopy(payload) if self.is_theirs(record) else payload
        return self.call(
            record,
            lambda: loader.event_or_none(source.normalize(given, context=context)),
            passing=_PASSING_READERS,
            quick=True,
        )

    def missed(
        self, name: str, payload: Mapping[str, Any], *, seen: Collection[str]
    ) -> list[Mapping[str, Any]]:
        """Return what an ingest source reads in its host's own record and no event told.

        Raises as `normalize`; empty when the source reads none.
        """
        source = self.source(name)
        if not isinstance(source, RecordedSource):
            return []
        return self.call(
            self._source_record(name),
            lambda: list(source.missed(payload, seen=seen)),
            passing=_PASSING_READERS,
            quick=True,
        )

    def provider(self, record: SeamRecord) -> PluginInfo | None:
        """Return the plugin that offers a record."""
        return self._owner.get((type(record), record.path))

    def is_theirs(self, record: SeamRecord) -> bool:
        """Say whether a third party offers a record."""
        info = self.provider(record)
        return info is not None and info.third_party

    def listing(self) -> list[PluginInfo]:
        """Return every plugin that was found, blocked and failed ones too."""
        return list(self._infos)

    @property
    def problems(self) -> list[str]:
        """What went wrong in which plugin, a sentence each."""
        return [f"plugin {info}: {info.problem}" for info in self._infos if info.problem]

    # --- loading ---------------------------------------------------------------------------------

    def _add(self, info: PluginInfo, load: Callable[[], ModuleType]) -> None:
        """Import, register and check one plugin; a bad one leaves nothing but a line behind."""
        if self._pm.has_plugin(info.name):
            self._infos.append(loader.failed(info, PluginError("another plugin has the same name")))
            return
        wait = partial(contained, limit_s=_LOADING * self._limit_s) if info.third_party else _now
        try:
            loader.check_version(info)
            module = wait(load)
            loader.check_api(module)
            self._pm.register(module, name=info.name)
            self._pm.check_pending()
            offered = wait(partial(self._collect, info))
            self._settings.add(each for each in offered.values() if isinstance(each, Setting))
        # A plugin may do anything, `sys.exit()` included.
        except (Exception, SystemExit) as error:
            if self._pm.has_plugin(info.name):
                self._pm.unregister(name=info.name)
            self._infos.append(loader.failed(info, error))
            return
        hooks = tuple(hook.name for hook in self._pm.get_hookcallers(module) or ())
        self._keep(replace(info, hooks=hooks), offered)

    def _collect(self, info: PluginInfo) -> dict[tuple[str, str], Record]:
        """Ask a plugin for its records; raises when one of them is wrong."""
        offered: dict[tuple[str, str], Record] = {}
        for hook, kind in SEAMS.items():
            # Generators run here, inside the caller's guard.
            for record in chain.from_iterable(self._call(info.name, hook)):
                if not isinstance(record, kind):
                    raise PluginError(f"`{hook}` gave no {kind.__name__}: `{record!r:.80}`")
                for key in [(hook, name) for name in names(record)]:
                    first = info if key in offered else self._provider.get(key)
                    if first:
                        raise PluginError(f"`{key[1]}` of `{hook}` is offered by {first} too")
                    offered[key] = record
        return offered

    def _keep(self, info: PluginInfo, offered: dict[tuple[str, str], Record]) -> None:
        self._infos.append(info)
        for (hook, name), record in offered.items():
            self._provider[hook, name] = info
            if name == names(record)[0]:
                self._records[hook][name] = record
                self._owner[type(record), name] = info

    # --- calling ---------------------------------------------------------------------------------

    def _named(self, hook: str, kind: type[R]) -> dict[str, R]:
        records = self._records[hook].items()
        return {name: record for name, record in records if isinstance(record, kind)}

    def _ask(self, hook: str, read: Callable[[object], T], **arguments: object) -> Iterator[T]:
        """Call a hook's implementations one by one, in pluggy's order; skip those that fail.

        `read` looks at each answer and raises when it is nonsense.
        """
        impls = reversed(getattr(self._pm.hook, hook).get_hookimpls())
        for name in dict.fromkeys(impl.plugin_name for impl in impls):
            info = next(each for each in self._infos if each.name == name)
            given = copy.deepcopy(arguments) if info.third_party else arguments
            call = partial(self._call, name, hook, **given)
            callee = Callee(info=info, key=hook, about=f"`{hook}`")
            try:
                answer = self._caller.call(callee, _then(read, call))
            except PluginError:
                continue
            yield answer

    def _call(self, name: str, hook: str, **arguments: object) -> Any:  # noqa: ANN401
        """Call one plugin's implementation of a hook."""
        others = [plugin for other, plugin in self._pm.list_name_plugin() if other != name]
        return self._pm.subset_hook_caller(hook, others)(**arguments)

    def _note(self, name: str, problem: str) -> None:
        _log.warning("plugin `%s`: %s", name, problem)
        self._infos = [
            replace(info, problem=problem) if (info.name, info.state) == (name, "active") else info
            for info in self._infos
        ]


def _now(work: Callable[[], T]) -> T:
    return work()


def _then(read: Callable[[object], T], call: Callable[[], object]) -> Callable[[], T]:
    return lambda: read(call())


def _itself(module: ModuleType) -> ModuleType:
    return module
