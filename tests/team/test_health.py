"""What the rest of codemem makes of a home that is in a team."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from team.homes import Home

from codemem_core.plugins.examine import HealthScope
from codemem_core.plugins.registry import Plugins
from codemem_core.store.repair import backup, check
from codemem_team import local, plugin
from codemem_team.health import TeamHealth

HomeMaker = Callable[..., Home]


def findings(home: Home) -> list[tuple[bool, str]]:
    """Return what the doctor says of teams."""
    plugins = Plugins.only(plugin, settings=home.settings)
    scope = HealthScope(settings=home.settings, plugins=plugins, database=home.store.path)
    return [(each.ok, each.text) for each in TeamHealth(home.settings).examine(scope)]


def test_doctor_says_whether_both_ends_have_the_same(make_home: HomeMaker) -> None:
    """A difference is named, and no summary hides it."""
    alice = make_home("alice")
    alice.share()
    alice.remember("Exports round VAT once per rate")
    alice.sync()
    alice.sync()
    before = findings(alice)
    one = alice.member()
    alice.store.write(lambda db: local.note_head(db, one.team, one.device, ("alice", "laptop", 5)))

    [(is_ok, text)] = findings(alice)

    assert before == [(True, "team `acme`: both ends have the same")]
    assert not is_ok
    assert "1 sent, server 5" in text


def test_the_tables_of_teams_are_no_damage_and_are_restored(
    make_home: HomeMaker, tmp_path: Path
) -> None:
    """A backup of a home in a team is as good as any."""
    alice = make_home("alice")
    alice.share()

    health = check.check(alice.store.path)
    copy = backup.make(alice.store.path, why="test")
    restored = tmp_path / "restored" / "mem.sqlite"
    backup.restore(str(restored), copy.path)

    assert (health.damage, health.schema) == ((), ())
    home = Home.open(restored, str(alice.settings.text("team_url")), "alice")
    assert home.member().team == alice.member().team
    home.store.close()
