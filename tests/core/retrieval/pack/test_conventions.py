"""Questions about how things are done here."""

# ruff: noqa: RUF001 - what people type

from __future__ import annotations

from collections.abc import Callable

import apsw
import pytest

from codemem_core.retrieval.pack.build import build_pack

Remember = Callable[..., int]


@pytest.mark.parametrize(
    "prompt",
    [
        "which package manager do we use?",
        "how should I install the dependencies?",
        "Welchen Paketmanager benutzen wir?",
        "¿Qué gestor de paquetes usamos?",
        "Quel gestionnaire de paquets utilisons-nous ?",
        "我们用什么包管理器？",
        "どのパッケージマネージャを使いますか",
        "Каким менеджером пакетов мы пользуемся?",
    ],
)
def test_how_things_are_done_is_answered_by_the_rules(
    db: apsw.Connection, remember: Remember, prompt: str
) -> None:
    """No word in common is needed."""
    remember("Always use pnpm here, never npm.", "", kind="preference")

    assert "pnpm" in build_pack(db, prompt, injected=True).text


@pytest.mark.parametrize(
    "prompt", ["What is a monad?", "run it again", "the build is slow, look at the loader"]
)
def test_what_asks_for_no_convention_gets_no_rules(
    db: apsw.Connection, remember: Remember, prompt: str
) -> None:
    """A question about the world outside, an order, work."""
    remember("Always use pnpm here, never npm.", "", kind="preference")

    assert build_pack(db, prompt, injected=True).text == ""


def test_many_rules_are_no_answer(db: apsw.Connection, remember: Remember) -> None:
    """Nobody knows which of them is meant."""
    for number in range(9):
        remember(f"Rule {number}: never touch folder {number}", "", kind="preference")

    assert build_pack(db, "which package manager do we use?", injected=True).text == ""
