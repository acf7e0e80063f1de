"""Who may import whom; the rules stand in the root pyproject.toml."""

import ast
import re
import subprocess
import sys
import tomllib
from graphlib import TopologicalSorter
from pathlib import Path

import grimp

ROOT = Path(__file__).parents[2]


def test_imports_keep_their_direction() -> None:
    """Every contract holds, and the linter looked at the real tree.

    With a package it cannot see it would report the same success over next to nothing.
    """
    done = subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout
    files, dependencies = re.search(r"Analyzed (\d+) files, (\d+) dep", done.stdout).groups()  # type: ignore[union-attr]
    assert int(files) > 100
    assert int(dependencies) > 400
    assert "5 kept, 0 broken" in done.stdout


def test_nothing_imports_in_a_circle() -> None:
    """Not even for type hints, so that each module can be read after those it stands on."""
    config = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    graph = grimp.build_graph(*config["root_packages"])
    imports = {name: graph.find_modules_directly_imported_by(name) for name in graph.modules}

    TopologicalSorter(imports).prepare()  # raises CycleError, which names the modules


def test_examples_import_the_public_face_alone() -> None:
    """They show what somebody else's package may rely on."""
    imported = {
        node.module
        for path in ROOT.glob("examples/*/src/**/*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("codemem_")
    }
    face = ("codemem_core.api", "codemem_core.commands", "codemem_core.hooks.")
    ours = [path.name for path in ROOT.glob("examples/codemem-*/src/*")]

    assert [name for name in imported if not name.startswith((*face, *ours))] == []
