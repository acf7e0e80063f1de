"""The chosen embedder: asked when it works, done without when it does not."""

from __future__ import annotations

import sys
import time
import types
from collections.abc import Callable, Sequence

import apsw
import pytest

from codemem_cli.health.checks import Installation
from codemem_core.config.settings import Settings
from codemem_core.errors import NotFound, PluginError, TransientError
from codemem_core.hookspecs import hookimpl
from codemem_core.plugins.examine import HealthScope
from codemem_core.plugins.registry import Plugins
from codemem_core.records.seams import Embedder
from codemem_core.retrieval import vectors
from codemem_core.retrieval.embedding import BATCH, EmbedWorker, Meaning
from codemem_core.store.engine.store import Store

Remember = Callable[..., int]
GROUPS = (("car", "automobile", "vehicle"), ("cat", "kitten"))


class ByGroup:
    """An embedder that knows which words mean the same."""

    model = "groups@1"
    broken: Exception | None = None

    def __init__(self, settings: Settings) -> None:
        """Take nothing from the settings."""

    def embed(self, texts: Sequence[str], *, query: bool = False) -> list[list[float]]:
        """Return one dimension a group, and one for the rest."""
        if ByGroup.broken:
            raise ByGroup.broken
        return [[*(float(any(w in t for w in group)) for group in GROUPS), 0.1] for t in texts]


@pytest.fixture
def plugins(monkeypatch: pytest.MonkeyPatch) -> Plugins:
    """Offer the embedder `groups`, as a plugin would."""
    module = types.ModuleType("groups_plugin")
    record = Embedder(name="groups", target="groups_plugin:ByGroup", dimension=3)
    module.ByGroup = ByGroup  # type: ignore[attr-defined]
    module.codemem_embedders = hookimpl(lambda: [record], specname="codemem_embedders")  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "groups_plugin", module)
    monkeypatch.setattr(ByGroup, "broken", None)
    return Plugins.only(module, settings=chosen())


def chosen(**environ: str) -> Settings:
    """Return settings that name it."""
    return Settings.load({"CODEMEM_EMBEDDER": "groups", **environ})


def test_a_question_finds_what_means_the_same(
    plugins: Plugins, store: Store, db: apsw.Connection, remember: Remember
) -> None:
    """After the worker's work, without a common word."""
    wanted, other = remember("The automobile stops"), remember("A kitten sleeps")
    meaning = Meaning(plugins, chosen())
    assert meaning.catch_up(store) == 2

    near = meaning.near(db, "my vehicle", project=None)

    assert near[wanted] > near[other] + 0.5
    assert meaning.catch_up(store) == 0
    assert meaning.problem == ""


def test_catching_up_goes_on_where_it_was(
    plugins: Plugins, store: Store, db: apsw.Connection, remember: Remember
) -> None:
    """A batch at a time; what is done is done."""
    for n in range(BATCH + 1):
        remember(f"car {n}")

    first = Meaning(plugins, chosen()).catch_up(store)
    rest = Meaning(plugins, chosen()).catch_up(store)

    assert (first, rest) == (BATCH, 1)
    assert vectors.count_missing(db, "groups@1") == 0


@pytest.mark.parametrize("error", [TransientError("no answer"), ValueError("a defect")])
def test_a_broken_embedder_means_words(
    plugins: Plugins, db: apsw.Connection, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """A question gets an answer; the problem is kept for those who ask."""
    monkeypatch.setattr(ByGroup, "broken", error)
    meaning = Meaning(plugins, chosen())

    assert meaning.near(db, "my vehicle", project=None) == {}
    assert str(error) in meaning.problem


def test_a_defect_of_an_embedder_names_its_plugin(
    plugins: Plugins, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not a traceback of somebody else's code."""
    monkeypatch.setattr(ByGroup, "broken", ValueError("a defect"))

    with pytest.raises(PluginError, match="groups"):
        Meaning(plugins, chosen()).embed(["text"])


@pytest.mark.parametrize(
    ("environ", "problem"),
    [
        ({"CODEMEM_EMBEDDING_DISABLED": "1"}, "CODEMEM_EMBEDDING_DISABLED"),
        ({"CODEMEM_EMBEDDER": "none"}, "no embedder `none`"),
    ],
)
def test_without_an_embedder_nothing_is_near(
    plugins: Plugins, db: apsw.Connection, environ: dict[str, str], problem: str
) -> None:
    """Switched off or not installed: said, and no failure."""
    meaning = Meaning(plugins, chosen(**environ))

    assert meaning.near(db, "my vehicle", project=None) == {}
    assert problem in meaning.problem
    with pytest.raises(NotFound, match="cannot embed"):
        meaning.model()


def test_the_worker_embeds_and_ends(
    plugins: Plugins, store: Store, db: apsw.Connection, remember: Remember
) -> None:
    """It starts at once and stops when it is told."""
    remember("car")
    meaning = Meaning(plugins, chosen())
    worker = EmbedWorker(store, meaning)
    worker.start()
    for _ in range(500):
        if not vectors.count_missing(db, "groups@1"):
            break
        time.sleep(0.01)
    worker.stop(5)

    assert vectors.count_missing(db, "groups@1") == 0
    assert not worker._thread.is_alive()


@pytest.mark.parametrize(
    ("error", "ok", "told"),
    [
        (None, True, "`groups` works, with groups@1"),
        (NotFound("no model", hint="codemem embed --install"), True, "codemem embed --install"),
        (PluginError("the model is damaged"), False, "the model is damaged"),
    ],
)
def test_the_doctor_says_whether_it_works(
    plugins: Plugins, database: str, error: Exception | None, ok: bool, told: str
) -> None:
    """A missing model is a choice, a broken one a fault; both mean search by words."""
    ByGroup.broken = error

    scope = HealthScope(settings=chosen(), plugins=plugins, database=database)

    finding = next(
        one for one in Installation(scope.settings).examine(scope) if one.name == "embedder"
    )
    assert finding.ok is ok
    assert told in finding.text


def test_the_doctor_says_that_it_is_switched_off(plugins: Plugins, database: str) -> None:
    """And by which setting."""
    settings = chosen(CODEMEM_EMBEDDING_DISABLED="1")

    scope = HealthScope(settings=settings, plugins=plugins, database=database)

    texts = [
        one.text for one in Installation(scope.settings).examine(scope) if one.name == "embedder"
    ]
    assert texts == ["search goes by words: switched off: CODEMEM_EMBEDDING_DISABLED"]
