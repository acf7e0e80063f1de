"""The plugin's table of contents leads somewhere."""

from codemem_core.config.settings import Settings
from codemem_core.plugins.registry import Plugins
from codemem_observers import plugin


def test_every_record_can_be_made() -> None:
    """Each target exists and takes the settings."""
    plugins = Plugins.only(plugin, settings=Settings.load({}))
    runtimes, sources = plugins.observer_runtimes(), plugins.auth_sources()

    made = [plugins.make(record) for record in (*runtimes.values(), *sources.values())]

    assert set(runtimes) == {"api_http", "claude_sidecar", "opencode_run", "extractive"}
    assert set(sources) == {"auto", "env", "file", "command", "none"}
    assert all(hasattr(thing, "observe") or hasattr(thing, "resolve") for thing in made)


def test_extractive_is_the_one_that_asks_nobody() -> None:
    """It is what steps in on a fresh machine; the agents' commands have logins of their own."""
    runtimes = Plugins.only(plugin, settings=Settings.load({})).observer_runtimes()

    assert [name for name, record in runtimes.items() if record.offline] == ["extractive"]
    assert [name for name, record in runtimes.items() if record.needs_credential] == ["api_http"]
