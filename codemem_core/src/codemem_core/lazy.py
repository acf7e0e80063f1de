"""Modules that import the names they offer when somebody first asks for one (PEP 562).

A stub beside the module, `api.pyi`, is the one list of them: type checkers read it, and so does
`attach`. This is how SPEC 1 of Scientific Python does it.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from importlib import import_module

_NAME = re.compile(r" as (\w+)")
Attached = tuple[Callable[[str], object], Callable[[], list[str]], list[str]]


def attach(module: str, file: str) -> Attached:
    """Return `__getattr__`, `__dir__` and `__all__` for a module, from the stub beside its file."""
    with open(f"{file.removesuffix('.py')}.pyi", encoding="utf-8") as stub:
        homes = offered(stub.read())
    names = sorted(homes)

    def get(name: str) -> object:
        if name not in homes:
            raise AttributeError(f"module `{module}` has no attribute `{name}`")
        home = import_module(homes[name])
        # What the home does not hold is a module inside it.
        value = getattr(home, name, None) or import_module(f"{homes[name]}.{name}")
        setattr(sys.modules[module], name, value)
        return value

    return get, lambda: names, names


def offered(stub: str) -> dict[str, str]:
    """Return the names that a stub imports `as` themselves, each with the module that holds it."""
    imports = (each.partition(" import ") for each in stub.split("\nfrom ")[1:])
    return {name: home for home, _, names in imports for name in _NAME.findall(names)}
