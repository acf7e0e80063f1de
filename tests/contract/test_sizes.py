"""Files and functions stay small enough to be read at once, and are called by one name each."""

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
LONGEST_FILE = 400
LONGEST_FUNCTION = 50
FILES = [
    path
    for pattern in ("codemem_*/src/**/*.py", "tests/**/*.py", "tools/*.py")
    for path in sorted(ROOT.glob(pattern))
]
TREES = {path: ast.parse(path.read_text(encoding="utf-8")) for path in FILES}
SHIPPED = {
    path: tree for path, tree in TREES.items() if path.relative_to(ROOT).parts[1:2] == ("src",)
}
"""The modules of the distributions."""


HOST_PACKAGES = ("codex", "copilot", "gemini")
LARGEST_HOST_PACKAGE = 900
"""Lines that are not blank: an agent is added by what differs, and the core does the rest."""


def functions() -> Iterator[tuple[str, int]]:
    """Yield each function's place and its length in lines."""
    for path, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or 0) - node.lineno + 1
                yield f"{path.relative_to(ROOT)}: {node.name}", length


def repeated(names: Iterator[tuple[str, str]]) -> list[str]:
    """Return the names that occur more than once in one distribution."""
    return sorted(f"{where}: {name}" for (where, name), many in Counter(names).items() if many > 1)


def test_an_agents_package_is_small() -> None:
    """So is the next one's."""
    for name in HOST_PACKAGES:
        files = ROOT.glob(f"codemem_{name}/src/codemem_{name}/**/*.py")
        lines = [line for path in files for line in path.read_text().splitlines() if line.strip()]
        assert 0 < len(lines) <= LARGEST_HOST_PACKAGE, name


def test_no_file_holds_two_things() -> None:
    """Nor is one longer than 400 lines."""
    lines = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in FILES}

    assert len(FILES) > len(SHIPPED) > 300
    assert {path: many for path, many in lines.items() if many > LONGEST_FILE} == {}


def test_no_function_does_two_things() -> None:
    """Nor is one longer than 50 lines."""
    assert [place for place, length in functions() if length > LONGEST_FUNCTION] == []


def test_no_two_modules_of_a_distribution_share_a_name() -> None:
    """A name that is searched for is found once."""
    modules = (
        (path.relative_to(ROOT).parts[0], path.stem)
        for path in SHIPPED
        if not path.stem.startswith("__")
    )

    assert repeated(modules) == []


def test_no_two_public_classes_of_a_distribution_share_a_name() -> None:
    """Readers of one must not take it for the other."""
    classes = (
        (path.relative_to(ROOT).parts[0], node.name)
        for path, tree in SHIPPED.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    )

    assert repeated(classes) == []
