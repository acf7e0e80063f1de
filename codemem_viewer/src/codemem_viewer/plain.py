"""Tell in a microsecond that a text holds nothing to redact."""

from __future__ import annotations

import re

from pydantic_core import SchemaValidator, core_schema

from codemem_core.redact import STARTS, WORDS


def _any_of(words: frozenset[str]) -> str:
    return "|".join(re.sub(r"\W", r"\\\g<0>", word) for word in sorted(words))


# Rust's `regex` looks for all words at once: 1 us for 700 characters, where `re` takes 7, a quarter
# of all the work on an event. pydantic, which the MCP server needs, brings it.
_suspicious = SchemaValidator(
    core_schema.str_schema(
        pattern=f"{_any_of(STARTS)}|(?i:{_any_of(WORDS)})", regex_engine="rust-regex"
    )
).isinstance_python


def is_plain(text: str) -> bool:
    """Say of a JSON text what `codemem_core.redact.is_plain` says."""
    return not _suspicious(text)
