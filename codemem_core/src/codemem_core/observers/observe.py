"""Ask an observer: which runtime, with which credential, and what when it cannot be asked."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, TypeVar, cast

from codemem_core.distil.parse import Extraction, parse_reply
from codemem_core.distil.prompt import observe_prompt
from codemem_core.errors import (
    AuthError,
    BudgetSpent,
    ContextTooLong,
    Misconfigured,
    ObserverError,
    PermanentError,
    PluginError,
    SettingsError,
    Unreachable,
    UnusableAnswer,
)
from codemem_core.observers.budget import PricedCall, Purse
from codemem_core.observers.credentials import (
    Credentials,
    fill_headers,
    may_go_without,
    provider_of,
)
from codemem_core.records.evidence import Evidence
from codemem_core.records.protocols import (
    Credential,
    ModelNamer,
    Observer,
    ObserveRequest,
    ObserverReply,
    TokenSource,
)

if TYPE_CHECKING:
    from codemem_core.config.settings import Settings
    from codemem_core.plugins.registry import Plugins
    from codemem_core.records.protocols import AuthRequest
    from codemem_core.records.seams import AuthSource, ObserverRuntime, SeamRecord

T = TypeVar("T")
_MORE_ROOM = 4
"""How much longer an answer may be once thinking left no room for it."""
_PASSING = (ObserverError, SettingsError, PluginError)
"""What a runtime or an auth source may raise; anything else is a fault of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """An observer's answer and who gave it."""

    reply: ObserverReply
    extraction: Extraction
    """What the answer says; always understood."""
    runtime: str
    auth: str = "none"
    """Which auth source the credential came from."""
    fell_back: str = ""
    """Why a runtime that needs no model answered in place of the usual one; empty otherwise."""
    error_kind: str = ""
    """The class of that failure; empty where no model was set up, which is no failure."""


class Observing:
    """Asks the observer the settings name; one object lives as long as its settings."""

    def __init__(
        self,
        plugins: Plugins,
        settings: Settings,
        *,
        purse: Purse | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take plugins, settings and the purse that pays, if anybody counts.

        `clock` counts seconds, for the credential cache.
        """
        self._plugins = plugins
        self._settings = settings
        self._purse = purse
        self._made: dict[SeamRecord, object] = {}
        self._credentials = Credentials(self._source, settings, clock)
        self._offline = threading.Lock()
        self._max_chars = settings.number("observer_max_chars")
        self._roomy = False

    def observe(self, evidence: Evidence, *, may_fall_back: bool = True) -> Observed:
        """Return what the observer answers to the evidence.

        Without a configured runtime and without a credential, or with the budget spent, an offline
        runtime answers, if it may. Raises the `ObserverError` classes and nothing else.
        """
        try:
            return self._observe(evidence, may_fall_back)
        except SettingsError as error:
            raise Misconfigured(str(error), hint=error.hint or None) from error
        except PluginError as error:
            # The same request works once somebody has mended the plugin.
            raise Unreachable(str(error), hint=error.hint) from error

    def preview(self, evidence: Evidence) -> tuple[ObserveRequest, str, bool]:
        """Return what would be asked, of which model, and whether that costs nothing.

        Asks nobody and fetches no credential. Raises `ObserverError` and `SettingsError`.
        """
        record = self.chosen()
        request = self._request(record, evidence, None)
        return request, _model(self._observer(record), request), record.offline

    def _observe(self, evidence: Evidence, may_fall_back: bool) -> Observed:
        try:
            record = self.chosen()
            credential = self.credential(record)
            asked = self._ask_twice if credential else self._ask
            observed = asked(record, evidence, credential)
        except NoObserver as none:
            if not (may_fall_back and none.quiet):
                raise AuthError(str(none)) from None
            observed = self._fall_back(evidence, str(none))
        except BudgetSpent as spent:
            if not may_fall_back:
                raise
            return self.fall_back(evidence, spent)
        if not observed.extraction.understood:
            raise UnusableAnswer("the observer's answer is in no form we know")
        return observed

    def fall_back(self, evidence: Evidence, error: ObserverError) -> Observed:
        """Let an offline runtime answer in place of a model that failed.

        Raises `AuthError` when none is installed.
        """
        return replace(self._fall_back(evidence, str(error)), error_kind=error.kind)

    def chosen(self) -> ObserverRuntime:
        """Return the configured runtime; raises `NoObserver` when it is the usual and missing."""
        runtimes = self._plugins.observer_runtimes()
        name = runtime_name(self._plugins, self._settings)
        if name in runtimes:
            return runtimes[name]
        if not self._was_chosen():
            raise NoObserver("the usual runtime is not installed", quiet=True)
        raise _not_installed("observer runtime", name, runtimes)

    def _was_chosen(self) -> bool:
        """Say whether the user named a runtime."""
        named = self._settings.where("observer_runtime") != "default"
        return named or _flagged(self._plugins, self._settings) is not None

    def credential(self, record: ObserverRuntime) -> Credential | None:
        """Return what a runtime is asked with; raises `NoObserver` when there is nothing."""
        if not record.needs_credential:
            return None
        credential = self._credentials.get()
        if credential and credential.source == "env" and not self._may_use_found(record):
            provider = provider_of(self._settings)
            raise NoObserver(
                f"a key for {provider} stands in the environment, and nobody has chosen to send"
                f" text there: set `CODEMEM_OBSERVER_PROVIDER={provider}` to do so",
                quiet=True,
            )
        if credential is None and not may_go_without(self._settings):
            if self._was_chosen():
                raise NoObserver(f"no credential for the observer runtime `{record.name}`")
            raise NoObserver("no credential", quiet=True)
        return credential

    def _may_use_found(self, record: ObserverRuntime) -> bool:
        """Say whether a key that merely stands in the environment may be used.

        Any setting of the observer chooses it, and so has a database that a model has served.
        """
        settings = self._settings
        keys = [each.key for each in settings.all() if each.key.startswith("observer_")]
        if any(settings.where(key) != "default" for key in keys):
            return True
        return self._purse is None or self._purse.has_paid(record.name)

    def _fall_back(self, evidence: Evidence, reason: str) -> Observed:
        """Let an offline runtime answer."""
        for record in self._plugins.observer_runtimes().values():
            if record.offline:
                return self._ask(record, evidence, None, fell_back=reason)
        raise AuthError(f"{reason}, and no observer runtime that works without")

    def _ask_twice(
        self, record: ObserverRuntime, evidence: Evidence, credential: Credential | None
    ) -> Observed:
        """Ask; when the credential is refused, ask once more with a fresh one."""
        try:
            return self._ask(record, evidence, credential)
        except AuthError:
            credential = self._credentials.get(fresh=True)
            if credential is None:
                raise
            return self._ask(record, evidence, credential)

    def _ask(
        self,
        record: ObserverRuntime,
        evidence: Evidence,
        credential: Credential | None,
        *,
        fell_back: str = "",
    ) -> Observed:
        """Ask; once more with room for a longer answer, when thinking took all there was."""
        ask = partial(self._ask_fitting, record, evidence, credential, fell_back=fell_back)
        observed = ask()
        if observed.extraction.understood or not observed.reply.cut_off or self._roomy:
            return _answered(observed, self._max_tokens)
        self._roomy = True
        try:
            return _answered(ask(), self._max_tokens)
        except ObserverError:
            self._roomy = False
            raise

    @property
    def _max_tokens(self) -> int:
        """The longest answer asked for, in tokens."""
        return self._settings.number("observer_max_tokens") * (_MORE_ROOM if self._roomy else 1)

    def _ask_fitting(
        self,
        record: ObserverRuntime,
        evidence: Evidence,
        credential: Credential | None,
        *,
        fell_back: str,
    ) -> Observed:
        """Ask with as much evidence as fits the model's context, half of it each time it does not.

        What fitted is where the next batch begins.
        """
        before, usual = math.inf, self._max_chars
        while True:
            request = self._request(record, evidence, credential)
            try:
                return self._ask_once(record, request, fell_back=fell_back)
            except ContextTooLong:
                size = len(request.instructions) + len(request.prompt)
                if size >= before:  # the instructions and the least evidence are left
                    self._max_chars = usual
                    raise
                before, self._max_chars = size, size // 2

    def _ask_once(
        self, record: ObserverRuntime, request: ObserveRequest, *, fell_back: str
    ) -> Observed:
        observer = self._observer(record)
        call = PricedCall.of(request, record, model=_model(observer, request), fell_back=fell_back)
        with self._purse.holding(call) if self._purse else nullcontext():
            reply = self._answer(record, observer, request, call)
            extraction = parse_reply(reply.text)
            if self._purse:
                self._purse.pay(call, reply, dropped=extraction.dropped)
        return Observed(
            reply=reply,
            extraction=extraction,
            runtime=record.name,
            auth=request.credential.source if request.credential else "none",
            fell_back=fell_back,
        )

    def _answer(
        self, record: ObserverRuntime, observer: Observer, request: ObserveRequest, call: PricedCall
    ) -> ObserverReply:
        """Return the observer's answer; one that was lost on its way is paid for all the same."""
        try:
            if not self._plugins.is_theirs(record):
                # One that works here needs the interpreter: several at once gain nothing.
                with self._offline if record.offline else nullcontext():
                    return observer.observe(request)  # a fault is a defect of codemem: `bug`
            # Whoever flushes gives a call up that hangs: `stuck_batch_ms`.
            return self._plugins.call(
                record,
                lambda: _typed(observer.observe(request), ObserverReply),
                limit_s=math.inf,
                passing=_PASSING,
            )
        except ObserverError as error:
            if self._purse and error.may_have_cost:
                self._purse.pay_lost(call)
            raise

    def _request(
        self, record: ObserverRuntime, evidence: Evidence, credential: Credential | None
    ) -> ObserveRequest:
        instructions, prompt = observe_prompt(evidence, max_chars=self._max_chars)
        return ObserveRequest(
            evidence=evidence,
            instructions=instructions,
            prompt=prompt,
            model=self._settings.text("observer_model") or record.default_model,
            max_tokens=self._max_tokens,
            credential=credential,
            headers=fill_headers(self._settings.mapping("observer_headers"), credential),
        )

    def _source(self) -> TokenSource:
        sources = self._plugins.auth_sources()
        name = self._settings.text("observer_auth_source") or "auto"
        if name not in sources:
            raise _not_installed("auth source", name, sources)
        return _Asked(self._plugins, self._settings, sources[name], self._make(sources[name]))

    def _observer(self, record: ObserverRuntime) -> Observer:
        return cast("Observer", self._make(record))

    def _make(self, record: SeamRecord) -> object:
        if record not in self._made:
            self._made[record] = self._plugins.make(record)
        return self._made[record]


class _Asked:
    """An auth source behind the guard of its host."""

    def __init__(
        self, plugins: Plugins, settings: Settings, record: AuthSource, source: object
    ) -> None:
        self._plugins = plugins
        self._limit_s = settings.number("observer_auth_timeout_ms") / 1000 + 1
        self._record = record
        self._source = cast("TokenSource", source)

    def resolve(self, request: AuthRequest) -> Credential | None:
        """Ask the source, as long as the user agreed to wait and a second to give up."""
        return self._plugins.call(
            self._record,
            lambda: _typed(self._source.resolve(request), Credential, type(None)),
            limit_s=self._limit_s,
            passing=_PASSING,
        )


def _answered(observed: Observed, max_tokens: int) -> Observed:
    """Return it, or raise that the limit of tokens left nothing of it."""
    if observed.extraction.understood or not observed.reply.cut_off:
        return observed
    raise PermanentError(
        f"the model used all {max_tokens:,} tokens, {_MORE_ROOM} times `observer_max_tokens`,"
        " and had not answered",
        hint="raise `CODEMEM_OBSERVER_MAX_TOKENS`, or choose a model that reasons less",
    )


def _typed(answer: T, *kinds: type) -> T:
    """Return the answer, or raise `TypeError` when it is nonsense; never shows it."""
    if not isinstance(answer, kinds):
        raise TypeError(f"it gave a `{type(answer).__name__}`")
    return answer


class NoObserver(AuthError):
    """Nobody can be asked; `quiet` when the user never said who should be."""

    def __init__(self, message: str, *, quiet: bool = False) -> None:
        super().__init__(message)
        self.quiet = quiet


def runtime_name(plugins: Plugins, settings: Settings) -> str:
    """Return the runtime that the user chose: by a flag of its own, else by its name."""
    return _flagged(plugins, settings) or settings.text("observer_runtime") or ""


def _flagged(plugins: Plugins, settings: Settings) -> str | None:
    """Return the runtime whose own flag is on (`chosen_by`), if one is."""
    for record in plugins.observer_runtimes().values():
        if record.chosen_by and settings.flag(record.chosen_by):
            return record.name
    return None


def _model(observer: Observer, request: ObserveRequest) -> str:
    return observer.model_for(request) if isinstance(observer, ModelNamer) else request.model or ""


def _not_installed(what: str, name: str, known: Mapping[str, object]) -> SettingsError:
    return SettingsError(
        f"{what} is not installed: `{name}`", hint=f"installed: {', '.join(sorted(known))}"
    )
