"""The pages that come from the code say what the code says."""

import importlib.util
import inspect
import re
import sys
from pathlib import Path
from types import FunctionType, ModuleType

import pytest

from codemem_core import hookspecs

ROOT = Path(__file__).parents[2]


def load_generator() -> ModuleType:
    """Import `tools/docs.py`."""
    spec = importlib.util.spec_from_file_location("tools_docs", ROOT / "tools" / "docs.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # the server's framework looks functions up there
    spec.loader.exec_module(module)
    return module


docs = load_generator()
HOOKS = {name: hook for name, hook in vars(hookspecs).items() if name.startswith("codemem_")}


@pytest.mark.parametrize("path", docs.PAGES)
def test_page_is_what_the_generator_writes(path: str) -> None:
    """Run `python tools/docs.py` after changing a hook, a setting or a command."""
    assert (ROOT / path).read_text(encoding="utf-8") == docs.page(path)


@pytest.mark.parametrize("name", HOOKS)
def test_every_hook_is_documented_with_its_signature(name: str) -> None:
    """docs/hooks.md shows each hook as it can be implemented today."""
    hook = HOOKS[name]
    assert isinstance(hook, FunctionType)
    signature = inspect.signature(hook)
    arguments = ", ".join(f"{p.name}: {p.annotation}" for p in signature.parameters.values())

    text = (ROOT / "docs" / "hooks.md").read_text(encoding="utf-8")

    assert f"\n## {name}\n" in text
    assert f"\ndef {name}({arguments}) -> {signature.return_annotation}: ...\n" in text


def test_architecture_names_files_that_exist() -> None:
    """Somebody who looks for the place to change something finds it there."""
    text = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(codemem_[a-z]+/[\w./-]+)`", text))

    assert len(named) > 40
    assert [path for path in named if not (ROOT / path.split("/")[0] / "src" / path).exists()] == []


def test_security_page_names_tests_that_exist() -> None:
    """A promise whose test is gone is no promise."""
    text = (ROOT / "docs/security.md").read_text(encoding="utf-8")
    files = set(re.findall(r"`(tests/[\w./-]+)`", text))
    functions = set(re.findall(r"`(test_\w+)`", text))
    sources = "".join(path.read_text("utf-8") for path in (ROOT / "tests").rglob("test_*.py"))

    assert len(files) > 20
    assert [path for path in files if not (ROOT / path).exists()] == []
    assert [name for name in functions if f"def {name}(" not in sources] == []
