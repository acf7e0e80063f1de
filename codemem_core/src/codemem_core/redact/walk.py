"""Go through a JSON value leaf by leaf, in loops: hosts may nest deeper than Python's stack."""

from __future__ import annotations

from codemem_core.redact.names import is_sensitive, promise

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeAlias

    Json: TypeAlias = Any

_NAME_KEYS = ("name", "key", "Name", "Key", "ParameterKey", "header", "variable", "id")
_VALUE_KEYS = ("value", "Value", "ParameterValue", "val", "content", "default")


def map_leaves(value: Json, change: Callable[[str, Json], Json]) -> Json:
    """Copy a JSON value with `change(name, leaf)` for each leaf; keys change as nameless leaves.

    What lies inside a secret is secret, whatever it is called there.
    """
    root = [value]
    todo: list[tuple[Json, Json, str]] = [(root, 0, "")]
    while todo:
        holder, at, name = todo.pop()
        item = holder[at]
        if isinstance(item, dict):
            holder[at] = copy = {change("", key): child for key, child in item.items()}
            inside = name if is_sensitive(name) else ""
            told = "" if inside else _told(item)
            for key, child in copy.items():
                called = inside or (told if told and key in _VALUE_KEYS else key)
                if isinstance(child, dict | list):
                    todo.append((copy, key, called))
                else:
                    copy[key] = change(called, child)
        elif isinstance(item, list):
            holder[at] = items = list(item)
            todo += [(items, index, _option(items, index) or name) for index in range(len(items))]
        else:
            holder[at] = change(name, item)
    return root[0]


def _told(item: dict[str, Json]) -> str:
    """Return the name in a pair such as `{"name": "DB_PASS", "value": "…"}`; empty without one."""
    for key in _NAME_KEYS:
        name = item.get(key)
        if isinstance(name, str) and len(name) < 80 and promise(name):
            return name
    return ""


def _option(items: list[Json], index: int) -> str:
    """Return the option that an argument belongs to, as in `["--password", "…"]`."""
    before = items[index - 1] if index else ""
    if isinstance(before, str) and 2 < len(before) < 40 and before.startswith("-"):
        return before if "=" not in before and promise(before) else ""
    return ""
