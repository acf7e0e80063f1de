"""Who may be loaded and what may be answered: whose plugin it is, what it was written for."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import ModuleType
from typing import TYPE_CHECKING

import pluggy

from codemem_core import hookspecs
from codemem_core._version import __version__
from codemem_core.errors import CodememError, PluginError
from codemem_core.hookpath.entry_points import described as distributions
from codemem_core.hookpath.entry_points import metadata_of
from codemem_core.records.event import AdapterEvent
from codemem_core.records.plugin import PluginInfo

if TYPE_CHECKING:
    from importlib.metadata import (
        Distribution,
        EntryPoint,
    )  # a hook without a server goes without: 40 ms

_CORE = "codemem-core"


def third_parties() -> bool:
    """Say whether a third party has a plugin installed, without importing any."""
    found = (about for about, groups in distributions() if groups.get("codemem"))
    return any(not _asks_for_this(metadata_of(about)) for about in found)


def described(entry: EntryPoint) -> PluginInfo:
    """Return what an entry point says of a plugin, before it is imported."""
    if entry.dist is None:
        return PluginInfo(name=entry.name, third_party=True)
    theirs = not _is_ours(entry.dist)
    listed = entry.dist.entry_points.select(group="codemem.fast")
    return PluginInfo(
        name=entry.name,
        distribution=entry.dist.name,
        version=entry.dist.version,
        third_party=theirs,
        needs=_range(entry.dist.requires or []) if theirs else "",
        fast_commands=tuple(sorted(each.name for each in listed)),
    )


def _is_ours(found: Distribution) -> bool:
    """Say whether a distribution was released with this codemem: it asks for no other version.

    Everybody else's is third-party, and says which range of versions it works with.
    """
    return _asks_for_this(found.read_text("METADATA") or "")


def _asks_for_this(metadata: str) -> bool:
    head = metadata.partition("\n\n")[0]
    return f"\nRequires-Dist: {_CORE}=={__version__}\n" in f"{head}\n"


def in_order(entry: EntryPoint) -> tuple[str, str]:
    """Return what to sort by: pluggy's order, that of `sys.path`, differs between machines."""
    return entry.name, entry.dist.name if entry.dist else ""


def check_version(info: PluginInfo) -> None:
    """Refuse a plugin made for another codemem than this one; raises `PluginError`."""
    if not _within(info.needs, __version__):
        raise PluginError(f"it is made for codemem-core `{info.needs}`, this is {__version__}")


def check_api(module: ModuleType) -> None:
    """Refuse a plugin written for hooks we do not have; raises `PluginError`."""
    wanted = getattr(module, "CODEMEM_API", hookspecs.API)
    if not isinstance(wanted, int) or wanted > hookspecs.API:
        raise PluginError(f"it needs hooks version `{wanted}`, this codemem has {hookspecs.API}")
    if wanted < hookspecs.OLDEST_API:
        oldest = hookspecs.OLDEST_API
        raise PluginError(f"it was written for hooks version `{wanted}`, the oldest is {oldest}")


def sentence(error: BaseException) -> str:
    """Return an error in one line; pluggy's have several."""
    text = " ".join(str(error).split())
    if isinstance(error, CodememError | pluggy.PluginValidationError):
        return text
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def failed(info: PluginInfo, error: BaseException) -> PluginInfo:
    """Return the listing's line of a plugin that was switched off."""
    return replace(info, state="failed", problem=sentence(error))


def trace(hook: str, impls: Iterable[pluggy.HookImpl], arguments: Mapping[str, object]) -> None:
    """Write who is asked to standard error: `trace_hooks`."""
    names = ", ".join(impl.plugin_name for impl in impls)
    shown = ", ".join(f"{name}={value!r:.80}" for name, value in arguments.items())
    sys.stderr.write(f"codemem: {hook}({shown}) asks {names or 'nobody'}\n")


def event_or_none(answer: object) -> AdapterEvent | None:
    """Return an answer that a source may give; raises `TypeError` for any other."""
    if answer is not None and not isinstance(answer, AdapterEvent):
        raise TypeError(f"it gave no adapter event: `{answer!r:.80}`")
    return answer


def text_or_none(answer: object) -> str | None:
    """Return an answer that `codemem_project` may give; raises `TypeError` for any other."""
    if answer is not None and not isinstance(answer, str):
        raise TypeError(f"it gave no text: `{answer!r:.80}`")
    return answer


def _range(requires: list[str]) -> str:
    """Return the range of `codemem-core` that a distribution depends on; empty when it says none.

    pip looks at it when it installs, and at nothing when codemem is upgraded past it later.
    """
    from packaging.requirements import InvalidRequirement, Requirement  # noqa: PLC0415 - 15 ms

    for line in requires:
        try:
            needed = Requirement(line)
        except InvalidRequirement:
            continue
        applies = needed.marker is None or needed.marker.evaluate({"extra": ""})
        if applies and re.sub(r"[-_.]+", "-", needed.name).lower() == _CORE:
            return str(needed.specifier)
    return ""


def _within(wanted: str, version: str) -> bool:
    if not wanted:
        return True
    from packaging.specifiers import SpecifierSet  # noqa: PLC0415 - as above

    return SpecifierSet(wanted).contains(version, prereleases=True)
