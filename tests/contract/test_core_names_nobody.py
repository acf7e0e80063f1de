"""The core knows no integration: a host or an observer comes and goes without a line here."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from codemem_core.config.settings import Settings
from codemem_core.plugins.registry import Plugins

CORE = Path(__file__).parents[2] / "codemem_core/src/codemem_core"
ALLOWED = {
    # Programs and product names that people and web pages write about.
    "distil/provenance/commands.py",
    "distil/provenance/orders.py",
    # Variables and folders that all hosts share under the name they have had since 0.x.
    "config/catalog.py",
    "capture/fallback_lock.py",
    "capture/spool.py",
    # A family of models, by which the provider's API is guessed.
    "observers/credentials.py",
}


def named() -> re.Pattern[str]:
    """Return what matches the name of any host, or of a runtime that is one host's program."""
    plugins = Plugins.load(Settings.load({}))
    hosts = [*plugins.ingest_sources(), *plugins.host_setups()]
    return re.compile("|".join(sorted({name.partition("_")[0] for name in hosts})))


def code_of(tree: ast.Module) -> Iterator[str]:
    """Yield the identifiers and texts of a module; docstrings may give examples."""
    told = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in told:
            yield node.value
        elif isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name


def test_no_code_of_the_core_names_an_integration() -> None:
    """Settings, defaults and tables of hosts are in the hosts' packages."""
    names = named()
    assert names.search("opencode_session_id")
    found = [
        f"{path.relative_to(CORE)}: {text[:60]}"
        for path in sorted(CORE.rglob("*.py"))
        if str(path.relative_to(CORE)) not in ALLOWED
        for text in code_of(ast.parse(path.read_text(encoding="utf-8")))
        if names.search(text)
    ]

    assert found == []


def test_every_exception_is_still_one() -> None:
    """A list of exceptions that only grows hides what it was made for."""
    names = named()
    needless = [
        path
        for path in ALLOWED
        if not any(
            names.search(text)
            for text in code_of(ast.parse((CORE / path).read_text(encoding="utf-8")))
        )
    ]

    assert needless == []
