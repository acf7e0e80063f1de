"""The Team page, as a browser gets it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from litestar.testing import TestClient
from team.homes import Home, Server

import codemem_viewer.plugin
from codemem_core.capture.intake import Intake
from codemem_core.distil import manual
from codemem_core.flush.worker import FlushWorker
from codemem_core.plugins.registry import Plugins
from codemem_team import plugin
from codemem_viewer.app import create_app
from codemem_viewer.keys import Keys
from codemem_viewer.live import Live

HomeMaker = Callable[..., Home]
HTML = {"Accept": "text/html"}


def page_of(home: Home, address: str = "/api/pages/team") -> str:
    """Return the page of a machine."""
    plugins = Plugins.only(codemem_viewer.plugin, plugin, settings=home.settings)
    app = create_app(
        home.store,
        plugins,
        home.settings,
        intake=Intake(plugins),
        worker=FlushWorker(home.store, plugins, home.settings),
        live=Live(home.store.path),
        keys=Keys("right"),
    )
    with TestClient(app) as client:
        return client.get(address, headers=HTML).text


@pytest.fixture
def bob(make_home: HomeMaker) -> Home:
    """Have two machines that edited the same memory, and a project that is not shared."""
    alice, bob = make_home("alice"), make_home("bob")
    alice.share()
    alice.remember("Retries stop after five attempts")
    for home in (alice, bob):
        home.sync()
    for home, title in ((alice, "Six attempts"), (bob, "Nine attempts")):
        memory = home.find("Retries stop after five attempts")
        manual.change(home.store, memory, {"title": title}, by="cli")
    for home in (bob, alice, bob):
        home.sync()
    bob.remember("The salary table moved", project="private")
    return bob


def test_it_shows_both_ends_and_what_crossed(bob: Home) -> None:
    """Counts by machine, the edit that lost, and which project is not shared."""
    page = " ".join(page_of(bob).split())

    assert "In step" in page
    assert "alice&#39;s machine" in page
    assert "alice had written: Six attempts" in page
    assert "The salary table moved" not in page


def test_it_previews_what_sharing_a_project_would_send(bob: Home) -> None:
    """And names the command that does it."""
    page = page_of(bob, "/api/pages/team?preview=private")

    assert "The salary table moved" in page
    assert "codemem share --project private --yes" in page


def test_it_opens_while_the_server_is_away(pg: Server, bob: Home) -> None:
    """It shows what this machine knows."""
    pg.kill()
    try:
        page = page_of(bob)
    finally:
        pg.start()

    assert "alice&#39;s machine" in page


def test_a_teammates_memory_says_whose_it_is(bob: Home) -> None:
    """In lists."""
    page = page_of(bob, "/api/pages/memories")

    assert 'title="A teammate wrote it">alice<' in page
