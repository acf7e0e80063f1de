"""Which runtime answers, with which credential, and what happens when one is missing."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from codemem_core.config.setting import Setting
from codemem_core.config.settings import Settings
from codemem_core.errors import (
    AuthError,
    BudgetSpent,
    Misconfigured,
    PermanentError,
    TransientError,
    UnusableAnswer,
)
from codemem_core.hookspecs import hookimpl
from codemem_core.observers.budget import Purse
from codemem_core.observers.observe import Observing
from codemem_core.plugins.registry import Plugins
from codemem_core.records.evidence import Evidence, Prompt
from codemem_core.records.protocols import (
    AuthRequest,
    Credential,
    ObserveRequest,
    ObserverReply,
)
from codemem_core.records.seams import AuthSource, ObserverRuntime
from codemem_core.store import usage
from codemem_core.store.engine.store import Store

CANARY = "sk-canary-7f3a"
EVIDENCE = Evidence(source="claude", stream_id="s1", items=(Prompt(text="fix it", seq=1),))


class Scene:
    """One observer with a model, one without, one auth source; keeps what they were asked."""

    def __init__(self) -> None:
        self.tokens: list[str | None] = [CANARY]
        self.found_in = "file"
        self.refused: set[str] = set()
        self.now = 0.0
        self.asked: list[ObserveRequest] = []
        self.resolved: list[AuthRequest] = []

    def model(self, settings: Settings) -> Scene:
        """Stand in for the runtime's class."""
        return self

    def observe(self, request: ObserveRequest) -> ObserverReply:
        """Answer, unless the token is one of the refused."""
        self.asked.append(request)
        if request.credential and request.credential.token in self.refused:
            raise AuthError("refused")
        return ObserverReply(text="<skip_summary/>")

    def resolve(self, request: AuthRequest) -> Credential | None:
        """Hand out the tokens in turn; the last one again and again."""
        self.resolved.append(request)
        token = self.tokens.pop(0) if len(self.tokens) > 1 else self.tokens[0]
        return Credential(token, source=self.found_in) if token is not None else None


@pytest.fixture
def scene() -> Scene:
    """Set up what the test's plugin will do."""
    return Scene()


Make = Callable[..., Observing]


@pytest.fixture
def make(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> Make:
    """Make an `Observing` over a plugin that leads to the scene; keywords are settings."""

    @hookimpl
    def codemem_observer_runtimes() -> Iterator[ObserverRuntime]:
        yield ObserverRuntime(name="api_http", target="scene:model")
        yield ObserverRuntime(
            name="offline",
            target="scene:model",
            needs_credential=False,
            offline=True,
            chosen_by="use_offline",
        )

    @hookimpl
    def codemem_settings() -> Iterator[Setting]:
        yield Setting("use_offline", "CODEMEM_USE_OFFLINE", kind="flag", default=False)

    @hookimpl
    def codemem_auth_sources() -> Iterator[AuthSource]:
        for name in ("auto", "none"):
            yield AuthSource(name=name, target="scene:model")

    module = ModuleType("scene")
    vars(module).update(
        model=scene.model,
        codemem_observer_runtimes=codemem_observer_runtimes,
        codemem_auth_sources=codemem_auth_sources,
        codemem_settings=codemem_settings,
    )
    monkeypatch.setitem(sys.modules, "scene", module)

    def made(*, purse: Purse | None = None, **settings: str) -> Observing:
        loaded = load(**settings)
        plugins = Plugins.only(module, settings=loaded)
        return Observing(plugins, loaded, purse=purse, clock=lambda: scene.now)

    return made


def load(**settings: str) -> Settings:
    """Load settings from an environment of these alone."""
    return Settings.load({f"CODEMEM_{name.upper()}": value for name, value in settings.items()})


def test_a_key_found_in_the_environment_is_not_used_unasked(
    make: Make, scene: Scene, store: Store
) -> None:
    """It was set for something else; the observer that works offline says why it answers."""
    scene.found_in = "env"
    settings = Settings.load({})

    observed = make(purse=Purse(store, settings)).observe(EVIDENCE)

    assert observed.runtime == "offline"
    assert "a key for openai stands in the environment" in observed.fell_back


@pytest.mark.parametrize(
    "chosen", [{"observer_provider": "openai"}, {"observer_auth_source": "auto"}], ids=str
)
def test_any_setting_of_the_observer_chooses_the_key(
    make: Make, scene: Scene, store: Store, chosen: dict[str, str]
) -> None:
    """Whoever names a provider or an auth source wants a model."""
    scene.found_in = "env"

    observed = make(purse=Purse(store, Settings.load({})), **chosen).observe(EVIDENCE)

    assert observed.runtime == "api_http"


def test_a_database_that_a_model_has_served_goes_on_so(
    make: Make, scene: Scene, store: Store
) -> None:
    """An upgrade changes nothing for whoever relied on the key."""
    purse = Purse(store, Settings.load({}))
    make(purse=purse, observer_provider="openai").observe(EVIDENCE)
    scene.found_in = "env"

    assert make(purse=purse).observe(EVIDENCE).runtime == "api_http"


def test_with_a_credential_the_model_answers(make: Make, scene: Scene) -> None:
    """The runtime gets prompt, instructions, model and credential."""
    observed = make(observer_model="gpt-x").observe(EVIDENCE)

    assert (observed.runtime, observed.fell_back) == ("api_http", "")
    request = scene.asked[0]
    assert request.credential == Credential(CANARY, source="file")
    assert request.model == "gpt-x"
    assert "fix it" in request.prompt
    assert "fix it" not in request.instructions


def test_without_a_credential_the_offline_runtime_answers(make: Make, scene: Scene) -> None:
    """A fresh machine has a working memory, and the answer says who gave it."""
    scene.tokens = [None]

    observed = make().observe(EVIDENCE)

    assert (observed.runtime, observed.fell_back) == ("offline", "no credential")


def test_a_runtime_somebody_chose_does_not_fall_back(make: Make, scene: Scene) -> None:
    """Who configured a model wants to hear that its key is missing."""
    scene.tokens = [None]

    with pytest.raises(AuthError, match="no credential"):
        make(observer_runtime="api_http").observe(EVIDENCE)

    assert not scene.asked


def test_at_the_users_limit_the_offline_runtime_answers(
    make: Make, scene: Scene, store: Store
) -> None:
    """The session is not lost, the money is not spent, and the reason is written down."""
    settings = {"observer_budget_tokens_day": "100"}

    observed = make(purse=Purse(store, load(**settings)), **settings).observe(EVIDENCE)

    assert observed.runtime == "offline"
    assert observed.fell_back == "the limit on today's tokens is reached"
    with store.read() as db:
        assert usage.fall_backs(db, since_ms=0) == {observed.fell_back: 1}


def test_who_may_not_fall_back_hears_of_the_limit(make: Make, store: Store) -> None:
    """What a model wrote is not to be replaced by what no model wrote."""
    settings = {"observer_budget_tokens_day": "100"}
    observing = make(purse=Purse(store, load(**settings)), **settings)

    with pytest.raises(BudgetSpent):
        observing.observe(EVIDENCE, may_fall_back=False)


def test_an_answer_nobody_understands_is_paid_for(make: Make, scene: Scene, store: Store) -> None:
    """Or a model that answers nonsense would be asked for ever."""

    def nonsense(request: ObserveRequest) -> ObserverReply:
        return ObserverReply(text="As a language model…", tokens_in=70, tokens_out=7)

    scene.observe = nonsense  # type: ignore[method-assign]

    with pytest.raises(UnusableAnswer, match="no form we know"):
        make(purse=Purse(store, load())).observe(EVIDENCE)

    with store.read() as db:
        assert usage.spent(db, stream=("claude", "s1")).tokens == 77


@pytest.mark.parametrize(("lost", "tokens"), [(True, 400), (False, 0)])
def test_an_answer_that_was_lost_is_paid_for(
    make: Make, scene: Scene, store: Store, *, lost: bool, tokens: int
) -> None:
    """The model may have worked for it, and the user's limit counts what it may have cost."""

    def too_late(request: ObserveRequest) -> ObserverReply:
        error = TransientError("no answer in time")
        raise error.at_a_cost() if lost else error

    scene.observe = too_late  # type: ignore[method-assign]

    with pytest.raises(TransientError, match="in time"):
        make(purse=Purse(store, load()), observer_max_tokens="400").observe(EVIDENCE)

    with store.read() as db:
        [row] = usage.by_day(db, since_ms=0) or [{"tokens_out": 0}]
    assert row["tokens_out"] == tokens


def test_a_runtimes_own_flag_wins_over_the_named_runtime(make: Make) -> None:
    """The switch is older than `observer_runtime`, and whoever set it meant it."""
    observed = make(use_offline="1", observer_runtime="api_http").observe(EVIDENCE)

    assert observed.runtime == "offline"


@pytest.mark.parametrize("key", ["observer_api_key", "observer_auth_file"])
def test_the_files_secrets_are_not_lent_to_an_address_of_the_environment(
    make: Make, scene: Scene, tmp_path: Path, key: str
) -> None:
    """A repository can set variables; it shall not get what the user's file trusts a host with."""
    config = tmp_path / "config.json"
    config.write_text(json.dumps({key: "/x"}))
    elsewhere = {"observer_base_url": "https://elsewhere.example/v1", "config": str(config)}

    with pytest.raises(Misconfigured, match=f"`{key}` of the config file is not sent"):
        make(**elsewhere).observe(EVIDENCE)

    assert not scene.resolved


def test_an_offline_runtime_never_touches_the_credential(make: Make, scene: Scene) -> None:
    """Asking for no model means that no command runs and no file is read."""
    observed = make(observer_runtime="offline").observe(EVIDENCE)

    assert (observed.runtime, observed.fell_back) == ("offline", "")
    assert not scene.resolved


@pytest.mark.parametrize(
    "settings",
    [{"observer_base_url": "http://127.0.0.1:11434/v1"}, {"observer_auth_source": "none"}],
)
def test_a_server_that_may_want_no_token_is_asked_without(
    make: Make, scene: Scene, settings: dict[str, str]
) -> None:
    """A local server works without a credential."""
    scene.tokens = [None]

    assert make(**settings).observe(EVIDENCE).runtime == "api_http"
    assert scene.asked[0].credential is None


@pytest.mark.parametrize(
    "settings",
    [
        {"observer_runtime": "extractiv"},
        {"observer_auth_source": "keyring"},
        {"observer_headers": '{"X-Bad": "caf\\u00e9"}'},
    ],
)
def test_a_mistake_in_the_settings_keeps_the_batch(make: Make, settings: dict[str, str]) -> None:
    """A typo never sends the session elsewhere; it is named and can be mended."""
    name, value = next(iter(settings.items()))

    with pytest.raises(Misconfigured) as caught:
        make(**settings).observe(EVIDENCE)

    assert value in str(caught.value) or name in str(caught.value)


def test_a_refused_credential_is_fetched_anew_once(make: Make, scene: Scene) -> None:
    """A token that expired between two batches costs one more call, not the batch."""
    scene.tokens = ["old", "new"]
    scene.refused = {"old"}

    make().observe(EVIDENCE)

    assert [r.credential.token for r in scene.asked if r.credential] == ["old", "new"]
    assert [r.fresh for r in scene.resolved] == [False, True]


def test_a_credential_refused_twice_is_an_error(make: Make, scene: Scene) -> None:
    """There is no third call."""
    scene.refused = {CANARY}

    with pytest.raises(AuthError):
        make().observe(EVIDENCE)

    assert len(scene.asked) == 2


def test_another_failure_is_not_asked_again(make: Make, scene: Scene) -> None:
    """Only a refused credential is worth a second call here; the queue does the rest."""

    def fail(request: ObserveRequest) -> ObserverReply:
        scene.asked.append(request)
        raise PermanentError("no such model")

    scene.observe = fail  # type: ignore[method-assign]

    with pytest.raises(PermanentError):
        make().observe(EVIDENCE)

    assert len(scene.asked) == 1


@pytest.mark.parametrize(("ttl", "asked"), [("300", 1), ("0", 2)])
def test_a_credential_is_kept_for_its_time(make: Make, scene: Scene, ttl: str, asked: int) -> None:
    """Within the time it is not fetched again; a time of 0 keeps nothing."""
    observing = make(observer_auth_cache_ttl_s=ttl)

    observing.observe(EVIDENCE)
    observing.observe(EVIDENCE)

    assert len(scene.resolved) == asked


def test_a_credential_is_fetched_again_after_its_time(make: Make, scene: Scene) -> None:
    """The limit itself is outside."""
    observing = make(observer_auth_cache_ttl_s="300")
    observing.observe(EVIDENCE)

    scene.now = 300.0
    observing.observe(EVIDENCE)

    assert len(scene.resolved) == 2


def test_a_missing_credential_is_not_remembered(make: Make, scene: Scene) -> None:
    """Who logs in gets the model with the next batch."""
    scene.tokens = [None, CANARY]
    observing = make()

    runtimes = [observing.observe(EVIDENCE).runtime for _ in range(2)]

    assert runtimes == ["offline", "api_http"]


@pytest.mark.parametrize("token", [f"{CANARY}\nX-Evil: 1", f"{CANARY}é", f"{CANARY}\x00"])
def test_a_token_no_header_can_carry_is_refused_unseen(
    make: Make, scene: Scene, token: str
) -> None:
    """HTTP libraries quote such values in their errors; ours does not show it."""
    scene.tokens = [token]

    with pytest.raises(AuthError) as caught:
        make().observe(EVIDENCE)

    assert CANARY not in f"{caught.value!r} {caught.value}"
