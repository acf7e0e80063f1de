"""Files and functions stay small enough to be read at once."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = sorted(
    path.relative_to(ROOT)
    for pattern in ("codemem_*/src/**/*.py", "tests/**/*.py", "tools/*.py")
    for path in ROOT.glob(pattern)
)


@pytest.mark.parametrize("path", FILES, ids=str)
def test_file_has_at_most_400_lines(path: Path) -> None:
    """A longer file holds two things."""
    assert len((ROOT / path).read_text(encoding="utf-8").splitlines()) <= 400


@pytest.mark.parametrize("path", FILES, ids=str)
def test_functions_have_at_most_50_lines(path: Path) -> None:
    """A longer function does two things."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    sizes = {
        node.name: (node.end_lineno or 0) - node.lineno + 1
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }

    assert {name: size for name, size in sizes.items() if size > 50} == {}


def test_the_files_were_found() -> None:
    """A moved folder must not silence this test."""
    assert Path("codemem_core/src/codemem_core/plugins/registry.py") in FILES
    assert len(FILES) > 50
