"""The filters that clients may put on every look at memories.

They were made for stores that several people share. Here one person owns everything, so most of
them compare with what is the same for all memories; trust differs from memory to memory.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Literal, Protocol, TypeVar

_OWN = {
    "actor_ids": "local",
    "visibility": "private",
    "workspace_ids": "personal:local",
    "workspace_kinds": "personal",
}
"""What holds for every memory of this store."""
TRUSTED, UNREVIEWED = "trusted", "unreviewed"
_TRUST_PENALTY = 0.12

_NAMES = tuple(f"{way}_{what}" for what in _OWN for way in ("include", "exclude"))
_TRUST_NAMES = ("include_trust_states", "exclude_trust_states")
NAMES = (*_NAMES, "personal_first", *_TRUST_NAMES, "trust_bias", "widen_shared_when_weak",
         "widen_shared_min_personal_results", "widen_shared_min_personal_score")  # fmt: skip
"""Every filter beside `kind` and `project`."""


class Judged(Protocol):
    """What a memory or a hit says of its trustworthiness."""

    @property
    def held(self) -> bool:
        """Whether it waits for a person before it may be injected."""
        ...

    @property
    def confirmed(self) -> bool:
        """Whether a person vouched for it."""
        ...


J = TypeVar("J", bound=Judged)


@dataclass(frozen=True, slots=True)
class Filters:
    """What a client asked to see, and what not."""

    given: Mapping[str, Any] = field(default_factory=dict)

    def keep(self, memories: Iterable[J], limit: int) -> list[J]:
        """Return the first `limit` memories that pass."""
        return list(islice((one for one in memories if self.passes(trust=trust_of(one))), limit))

    def passes(self, *, trust: str) -> bool:
        """Say whether memories trusted so far may be seen."""
        own = {**_OWN, "trust_states": trust}
        return all(self._passes(what, value) for what, value in own.items())

    def penalty(self, memory: Judged) -> float:
        """Return what `trust_bias: "soft"` takes off the score of what nobody vouched for."""
        soft = self.given.get("trust_bias") == "soft"
        return _TRUST_PENALTY if soft and trust_of(memory) == UNREVIEWED else 0.0

    @property
    def some(self) -> bool:
        """Whether anything narrows or reorders what is found."""
        lists = (name.startswith(("include_", "exclude_")) and value
                 for name, value in self.given.items())  # fmt: skip
        return any(lists) or self.given.get("trust_bias") == "soft"

    def _passes(self, what: str, value: str) -> bool:
        included = self.given.get(f"include_{what}") or [value]
        return value in included and value not in (self.given.get(f"exclude_{what}") or ())


def trust_of(memory: Judged) -> str:
    """Return `unreviewed` for what came from the web or an import and nobody confirmed."""
    if memory.held and not memory.confirmed:
        return UNREVIEWED
    return TRUSTED


def filtered(tool: Callable[..., Any]) -> Callable[..., Any]:
    """Give a tool the filters as arguments of their own; it gets them as one, `filters`."""
    return _with_arguments(tool, dict.fromkeys(_NAMES, list[str]) | {"personal_first": bool})


def filtered_by_trust(tool: Callable[..., Any]) -> Callable[..., Any]:
    """Give a tool the filters of `filtered`, and those by trust and for shared stores."""
    kinds: dict[str, Any] = dict.fromkeys((*_NAMES, *_TRUST_NAMES), list[str])
    kinds |= {"personal_first": bool, "trust_bias": Literal["off", "soft"]}
    kinds |= {"widen_shared_when_weak": bool, "widen_shared_min_personal_results": int}
    return _with_arguments(tool, kinds | {"widen_shared_min_personal_score": float})


def _with_arguments(tool: Callable[..., Any], kinds: Mapping[str, Any]) -> Callable[..., Any]:
    @functools.wraps(tool)
    def called(*place: object, **arguments: object) -> object:
        given = {name: arguments.pop(name, None) for name in kinds}
        return tool(*place, filters=Filters(given), **arguments)

    own = inspect.signature(tool, eval_str=True)
    parameters = [each for each in own.parameters.values() if each.name != "filters"]
    parameters += [
        inspect.Parameter(
            name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=kind | None
        )
        for name, kind in kinds.items()
    ]
    vars(called)["__signature__"] = own.replace(parameters=parameters)
    return called
