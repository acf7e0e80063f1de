"""The plugin host: good plugins work, bad ones are named and hurt nobody."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from codemem_core.config.settings import Setting, Settings
from codemem_core.errors import NotFound, PluginError, SettingsError
from codemem_core.hookspecs import hookimpl
from codemem_core.plugins.registry import Plugins
from codemem_core.records.memory import Memory
from codemem_core.records.seams import IngestSource

GOOD = """
from codemem_core.hookspecs import hookimpl
from codemem_core.records.seams import AuthSource

@hookimpl
def codemem_auth_sources():
    yield AuthSource(name="{name}", target="{name}_code:Source")
"""
REPORT = """
import json
from codemem_core.plugins.registry import Plugins
from codemem_core.config.settings import Settings

plugins = Plugins.load(Settings.load(), blocked=BLOCKED)
print(json.dumps({
    "auth": sorted(plugins.auth_sources()),
    "policies": sorted(plugins.flush_policies()),
    "problems": plugins.problems,
    "plugins": {
        info.distribution: [info.name, info.version, info.state, info.third_party, info.problem]
        for info in plugins.listing()
    },
}))
"""


class Site:
    """A folder of installed packages, and a process that sees them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()

    def install(self, name: str, source: str, *, distribution: str = "") -> None:
        """Install a package with one module and one entry point of that name."""
        distribution = distribution or f"their-{name}"
        module = distribution.replace("-", "_")
        (self.folder / f"{module}.py").write_text(source)
        info = self.folder / f"{module}-1.2.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Name: {distribution}\nVersion: 1.2\n")
        (info / "entry_points.txt").write_text(f"[codemem]\n{name} = {module}\n")

    def report(self, *, blocked: tuple[str, ...] = (), **environ: str) -> dict[str, Any]:
        """Load every plugin in a fresh process and return what came of it."""
        done = subprocess.run(
            [sys.executable, "-c", f"BLOCKED = {blocked!r}\n{REPORT}"],
            env={"PYTHONPATH": str(self.folder), "HOME": str(self.folder), **environ},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        report: dict[str, Any] = json.loads(done.stdout)
        return {**report, "stderr": done.stderr}


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """Return an empty folder of packages."""
    return Site(tmp_path / "site")


def module(name: str, **hooks: Callable[..., Any]) -> ModuleType:
    """Return a plugin module with these hooks."""
    plugin = ModuleType(name)
    for hook, function in hooks.items():
        setattr(plugin, hook, hookimpl(function))
    return plugin


def settings() -> Settings:
    """Return settings of a machine without any."""
    return Settings.load({"HOME": "/nowhere"})


def test_installed_plugin_is_found(site: Site) -> None:
    """An entry point is all it takes; the listing says where it comes from."""
    site.install("vault", GOOD.format(name="vault"))

    report = site.report()

    assert "vault" in report["auth"]
    assert report["plugins"]["their-vault"] == ["vault", "1.2", "active", True, ""]
    assert report["plugins"]["codemem-core"][0::2] == ["builtin", "active", ""]
    assert report["plugins"]["codemem-core"][3] is False


BAD = {
    "import": ("import nothing_of_this_name", "ModuleNotFoundError"),
    "exit": ("raise SystemExit('bye')", "SystemExit: bye"),
    "syntax": ("def (", "SyntaxError"),
    "signature": (GOOD + "@hookimpl\ndef codemem_memory_saved(memo): ...", "memo"),
    "misspelt": (GOOD + "@hookimpl\ndef codemem_auth_source(): ...", "codemem_auth_source"),
    "newer": (GOOD + "CODEMEM_API = 2", "it needs hooks version `2`, this codemem has 1"),
    "raises": (GOOD + "@hookimpl\ndef codemem_embedders(): 1 / 0", "ZeroDivisionError"),
    "late": (GOOD + "@hookimpl\ndef codemem_embedders():\n yield\n", "`codemem_embedders`"),
    "text": (GOOD + "@hookimpl\ndef codemem_commands(): return 'hello'", "gave no Command"),
    "kind": (
        GOOD + "@hookimpl\ndef codemem_embedders(): return codemem_auth_sources()",
        "gave no Embedder",
    ),
    "target": (
        GOOD + "@hookimpl\ndef codemem_embedders(): return [AuthSource(name='x', target='x')]",
        "not a target",
    ),
    "twice": (
        GOOD + '    yield AuthSource(name="{name}", target="other:Source")',
        "is offered by `bad` (their-bad 1.2) too",
    ),
}


@pytest.mark.parametrize("fault", BAD)
def test_bad_plugin_is_switched_off_and_named(site: Site, fault: str) -> None:
    """Nothing of a bad plugin stays, its neighbours on both sides work, nobody prints."""
    source, problem = BAD[fault]
    site.install("bad", source.replace("{name}", "bad"))
    for name in ("a", "z"):
        site.install(name, GOOD.format(name=name))

    report = site.report()

    name, _, state, _, told = report["plugins"]["their-bad"]
    assert (name, state) == ("bad", "failed")
    assert problem in told
    assert "\n" not in told
    assert any(line.startswith("plugin `bad` (their-bad 1.2): ") for line in report["problems"])
    assert {"a", "z"} <= set(report["auth"])
    assert "bad" not in report["auth"]
    assert "idle" in report["policies"]
    assert report["stderr"] == ""


def test_name_offered_twice_names_both_plugins(site: Site) -> None:
    """Neither order nor chance decides in silence: the second is refused, with both names."""
    site.install("one", GOOD.format(name="vault"))
    site.install("two", GOOD.format(name="vault"))

    report = site.report()

    assert report["plugins"]["their-one"][2] == "active"
    assert report["plugins"]["their-two"][2:] == [
        "failed",
        True,
        "`vault` of `codemem_auth_sources` is offered by `one` (their-one 1.2) too",
    ]


def test_two_plugins_of_one_name(site: Site) -> None:
    """The second entry point of a name fails, the first stays."""
    site.install("vault", GOOD.format(name="a"), distribution="a-dist")
    site.install("vault", GOOD.format(name="b"), distribution="b-dist")

    report = site.report()

    assert report["plugins"]["a-dist"][2] == "active"
    assert report["plugins"]["b-dist"][2] == "failed"
    assert "a" in report["auth"]


@pytest.mark.parametrize("variable", ["CODEMEM_DISABLED_PLUGINS", "CODEMEM_PLUGINS_DISABLE"])
def test_blocked_by_variable_is_not_imported(site: Site, variable: str) -> None:
    """A blocked plugin runs no line, but is listed."""
    site.install("noisy", "import sys; sys.stderr.write('imported')")

    report = site.report(**{variable: "other,noisy"})

    assert report["plugins"]["their-noisy"] == ["noisy", "1.2", "blocked", True, ""]
    assert report["stderr"] == ""


def test_blocked_by_option_is_not_imported(site: Site) -> None:
    """`-p no:NAME` does the same."""
    site.install("noisy", "import sys; sys.stderr.write('imported')")

    report = site.report(blocked=("noisy",))

    assert report["plugins"]["their-noisy"][2] == "blocked"
    assert report["stderr"] == ""


def test_blocked_by_config_file_is_not_imported(site: Site) -> None:
    """So does the settings key."""
    site.install("noisy", "import sys; sys.stderr.write('imported')")
    config = site.folder / "config.json"
    config.write_text('{"disabled_plugins": ["noisy"]}')

    report = site.report(CODEMEM_CONFIG=str(config))

    assert report["plugins"]["their-noisy"][2] == "blocked"
    assert report["stderr"] == ""


def test_builtin_cannot_be_blocked(site: Site) -> None:
    """The core's own plugin stays, also when somebody else takes its name."""
    site.install("builtin", GOOD.format(name="fake"))

    report = site.report(blocked=())

    assert report["plugins"]["codemem-core"][2] == "active"
    assert report["plugins"]["their-builtin"][2] == "failed"
    assert "idle" in site.report(blocked=("builtin",))["policies"]


def test_trace_writes_hook_calls_to_stderr(site: Site) -> None:
    """`CODEMEM_TRACE_HOOKS=1` shows who was asked, and stdout stays clean."""
    site.install("vault", GOOD.format(name="vault"))

    report = site.report(CODEMEM_TRACE_HOOKS="1")

    assert "codemem: codemem_auth_sources() asks vault\n" in report["stderr"]


def test_only_loads_what_it_is_given() -> None:
    """A test gets exactly the plugins it names, not even the core's own."""
    plugins = Plugins.only(module("one"), settings=settings())

    assert [info.name for info in plugins.listing()] == ["one"]
    assert plugins.flush_policies() == {}


def test_project_is_the_first_answer() -> None:
    """A plugin that does not know, raises or answers nonsense leaves the question to the next."""
    plugins = Plugins.only(
        module("last", codemem_project=lambda cwd: f"in {cwd}"),
        module("wrong", codemem_project=lambda: 7),
        module("broken", codemem_project=lambda: 1 / 0),
        module("silent", codemem_project=lambda: None),
        settings=settings(),
    )

    assert plugins.project("/x", {}) == "in /x"
    assert sorted(plugins.problems) == [
        "plugin `broken`: `codemem_project`: ZeroDivisionError: division by zero",
        "plugin `wrong`: `codemem_project`: TypeError: it gave no text: `7`",
    ]


def test_memory_saved_reaches_everybody(memory: Memory) -> None:
    """One that raises does not keep the news from the others."""
    heard: list[str] = []
    plugins = Plugins.only(
        module("first", codemem_memory_saved=lambda memory: heard.append(memory.title)),
        module("broken", codemem_memory_saved=lambda memory: 1 / 0),
        module("second", codemem_memory_saved=lambda memory: heard.append(memory.title)),
        settings=settings(),
    )

    plugins.memory_saved(memory)

    assert heard == ["A title", "A title"]
    assert len(plugins.problems) == 1


@pytest.fixture
def memory() -> Memory:
    """Return a memory."""
    text = dict.fromkeys(("body", "subtitle", "narrative", "extractor", "extractor_version"), "")
    lists = dict.fromkeys(("facts", "concepts", "files_read", "files_modified", "tags"), ())
    return Memory(
        **text, **lists, id=1, session_id=1, kind="change", title="A title", confidence=0.5,
        origin="user", confirmed=False, pinned=False, active=True, project=None, source=None,
        prompt_number=None, created_ms=0, updated_ms=0, metadata={},
    )  # fmt: skip


def offering(target: str) -> Plugins:
    """Return plugins with one ingest source, `cursor`, of this target."""
    record = IngestSource(name="cursor", target=target)
    return Plugins.only(module("p", codemem_ingest_sources=lambda: [record]), settings=settings())


def made(settings: Settings) -> object:
    """Stand in for a target."""
    return object()


def complaining(settings: Settings) -> object:
    """Stand in for a target that misses a setting."""
    raise SettingsError("no city")


def broken(settings: Settings) -> object:
    """Stand in for a target with a mistake."""
    raise SystemExit


def test_source_is_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same name gives the same object."""
    monkeypatch.setitem(sys.modules, "their_code", module("their_code"))
    sys.modules["their_code"].made = made  # type: ignore[attr-defined]

    plugins = offering("their_code:made")

    assert plugins.source("cursor") is plugins.source("cursor")


def test_unknown_source() -> None:
    """Events of an unknown host are told so."""
    with pytest.raises(NotFound, match="no plugin understands events of: `vim`"):
        offering("x:y").source("vim")


@pytest.mark.parametrize("target", ["nothing_here:x", "json:nothing_here", "their_code:broken"])
def test_target_that_fails_names_its_plugin(target: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever goes wrong in a target, the error says whose it is."""
    monkeypatch.setitem(sys.modules, "their_code", module("their_code"))
    sys.modules["their_code"].broken = broken  # type: ignore[attr-defined]

    with pytest.raises(PluginError, match="plugin `p`: `"):
        offering(target).source("cursor")


def test_errors_meant_for_people_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    """A target may ask for a setting in its own words."""
    monkeypatch.setitem(sys.modules, "their_code", module("their_code"))
    sys.modules["their_code"].complaining = complaining  # type: ignore[attr-defined]

    with pytest.raises(SettingsError, match="no city"):
        offering("their_code:complaining").source("cursor")


def test_settings_of_a_plugin_are_read() -> None:
    """A plugin's setting works like one of the core, and its name is taken."""
    chosen = Settings.load({"HOME": "/nowhere", "CITY": "Ulm"})
    plugins = Plugins.only(
        module("one", codemem_settings=lambda: [Setting("city", "CITY")]),
        module("two", codemem_settings=lambda: [Setting("town", "CITY")]),
        settings=chosen,
    )

    assert chosen.text("city") == "Ulm"
    assert plugins.problems == [
        "plugin `two`: `CITY` of `codemem_settings` is offered by `one` too"
    ]


def test_an_allow_list_keeps_other_distributions_out(site: Site) -> None:
    """In strict mode what is not named is not even imported."""
    site.install("good", GOOD.format(name="good"))
    site.install("other", "raise SystemExit")

    report = site.report(CODEMEM_PLUGINS_ALLOW="their-good")

    assert "good" in report["auth"]
    assert report["plugins"]["their-other"][2] == "blocked"
    assert "`their-other` is not among your `plugins_allow`" in report["plugins"]["their-other"][4]


def test_a_plugin_for_hooks_we_no_longer_have_is_refused(site: Site) -> None:
    """With a sentence."""
    site.install("old", "CODEMEM_API = 0\n" + GOOD.format(name="old"))

    assert "it was written for hooks version `0`" in site.report()["plugins"]["their-old"][4]
