"""What the body of a record holds: made here, checked when it comes from elsewhere."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Mapping
from typing import Any

from codemem_core.errors import InputError
from codemem_core.records.event import ORIGINS
from codemem_core.records.memory import KINDS, Memory, NewMemory
from codemem_core.redact import redact, strip_private

EDITABLE = ("title", "body", "narrative", "facts", "tags")
"""Fields of an edit: each has a last writer of its own."""
VOUCHED = ("confirmed", "pinned")
"""What a person says of a memory, for themselves; it only grows."""
_TEXTS = {"title": 1_000, "body": 60_000, "subtitle": 2_000, "narrative": 60_000}
_LISTS = ("facts", "concepts", "files_read", "files_modified", "tags")
_LIST_ITEMS, _ITEM_CHARS = 200, 4_000
_SCOPES = ("project", "user")
_FORGET_REASONS = ("forgotten", "superseded", "unshared")
_CLAIM_WORDS = 5_000
MOST_BYTES = 250_000
"""Of a body as JSON; the server takes a little more, which sealing needs."""
_VERSION = 1


def subject_of(team: str, author: str, key: str) -> str:
    """Return the uuid of a memory in a team: the same each time, and no other author's."""
    return str(uuid.uuid5(uuid.UUID(team), f"{author}/{key}"))


# --- made here -----------------------------------------------------------------------------------


def memory_body(memory: Memory, *, key: str, session: str, remotes: list[str]) -> dict[str, Any]:
    """Return a memory as it travels: no folder, prompt, event or metadata; redacted once more."""
    body: dict[str, Any] = {name: getattr(memory, name) for name in _TEXTS}
    body |= {name: list(getattr(memory, name)) for name in _LISTS}
    body |= {
        "v": _VERSION,
        "key": key,
        "session": session,
        "project": memory.project,
        "remotes": remotes,
        "kind": memory.kind,
        "origin": memory.origin,
        "scope": memory.scope,
        "confidence": memory.confidence,
        "created_ms": memory.created_ms,
    }
    return _public(body)


def edit_body(memory: Memory, fields: list[str], *, seen: int) -> dict[str, Any]:
    """Return what fields of a memory say now; `seen` is the last edit of it the author knew."""
    values = {name: getattr(memory, name) for name in fields}
    lists = {name: list(value) for name, value in values.items() if isinstance(value, tuple)}
    return _public({"v": _VERSION, "fields": values | lists, "seen": seen})


def confirm_body(fields: list[str], memory: Memory) -> dict[str, Any]:
    """Return that a person confirmed or pinned a memory, and which text they had before them."""
    return {"v": _VERSION, "fields": dict.fromkeys(fields, True), "text": digest_of(memory)}


def digest_of(memory: Memory) -> str:
    """Return what tells a memory's text from any other, the same on every machine."""
    text = _public({name: getattr(memory, name) for name in ("title", "body", "narrative")})
    told = [text[name].strip() for name in ("title", "body", "narrative")]
    told += _public({"facts": list(memory.facts)})["facts"]
    return hashlib.blake2b(json.dumps(told).encode(), digest_size=16).hexdigest()


def forget_body(
    reason: str, *, claim: list[bytes], kind: str, project: str | None
) -> dict[str, Any]:
    """Return that a memory is forgotten: why, and the hashes of its claim."""
    hashes = [one.hex() for one in claim]
    return {"v": _VERSION, "reason": reason, "claim": hashes, "kind": kind, "project": project}


def _public(body: dict[str, Any]) -> dict[str, Any]:
    clean, _ = redact(strip_private(body))
    return dict(clean)


# --- come from elsewhere -------------------------------------------------------------------------


def problem_of(kind: str, body: Mapping[str, Any]) -> str:
    """Return why a body is not what its kind has; empty when it is."""
    try:
        _check(kind, body)
    except InputError as error:
        return str(error)
    if len(json.dumps(dict(body), ensure_ascii=False).encode()) > MOST_BYTES:
        return f"longer than {MOST_BYTES} bytes"
    return ""


def _check(kind: str, body: Mapping[str, Any]) -> None:
    if body.get("v") != _VERSION:
        raise InputError(f"made by another version of codemem: `{body.get('v')!r:.20}`")
    _CHECKS[kind](body)


def _check_memory(body: Mapping[str, Any]) -> None:
    for name, most in _TEXTS.items():
        _text(body, name, most)
    for name in ("title", "body", "key", "session"):
        if not _text(body, name, _TEXTS["body"]).strip():
            raise InputError(f"no {name}")
    for name in (*_LISTS, "remotes"):
        _list(body, name)
    _one_of(body, "kind", KINDS)
    _one_of(body, "origin", ORIGINS)
    _one_of(body, "scope", _SCOPES)
    _project(body)
    _number(body, "confidence", int, float)
    _number(body, "created_ms", int)
    if not 0 <= body["confidence"] <= 1 or not 0 <= body["created_ms"] < 1 << 46:
        raise InputError("a number is out of range")


def _check_edit(body: Mapping[str, Any]) -> None:
    _number(body, "seen", int)
    fields = _fields(body, EDITABLE)
    for name in fields:
        if name in _LISTS:
            _list(fields, name)
        elif not _text(fields, name, _TEXTS[name]).strip() and name != "narrative":
            raise InputError(f"no {name}")


def _check_confirm(body: Mapping[str, Any]) -> None:
    _text(body, "text", 32)
    if not all(value is True for value in _fields(body, VOUCHED).values()):
        raise InputError("a confirmation is not taken back")


def _check_forget(body: Mapping[str, Any]) -> None:
    _one_of(body, "reason", _FORGET_REASONS)
    _one_of(body, "kind", ("", *KINDS))
    _project(body)
    claim = _list(body, "claim", most=_CLAIM_WORDS)
    try:
        if any(len(bytes.fromhex(one)) != 12 for one in claim):
            raise InputError("a hash has another length")
    except ValueError as error:
        raise InputError("a hash is no hexadecimal number") from error


_CHECKS = {
    "memory": _check_memory,
    "edit": _check_edit,
    "confirm": _check_confirm,
    "forget": _check_forget,
}


def new_memory(
    body: Mapping[str, Any], *, key: str, origin: str, held: bool | None, author: str
) -> NewMemory:
    """Return a checked body as a memory to be written."""
    lists = {name: tuple(body[name]) for name in _LISTS}
    return NewMemory(
        key=key,
        kind=body["kind"],
        title=body["title"].strip(),
        body=body["body"].strip(),
        subtitle=body["subtitle"],
        narrative=body["narrative"],
        facts=lists["facts"],
        concepts=lists["concepts"],
        files_read=lists["files_read"],
        files_modified=lists["files_modified"],
        tags=lists["tags"],
        origin=origin,
        held=held,
        scope=body["scope"],
        confidence=body["confidence"],
        created_ms=body["created_ms"],
        extractor="team",
        metadata={"author": author},
    )


def _number(body: Mapping[str, Any], name: str, *kinds: type) -> None:
    value = body.get(name)
    if isinstance(value, bool) or not isinstance(value, kinds):
        raise InputError(f"`{name}` is no number")


def _text(body: Mapping[str, Any], name: str, most: int) -> str:
    value = body.get(name)
    if not isinstance(value, str) or len(value) > most:
        raise InputError(f"`{name}` is no text of at most {most} characters")
    return value


def _list(body: Mapping[str, Any], name: str, *, most: int = _LIST_ITEMS) -> list[str]:
    value = body.get(name)
    if not isinstance(value, list) or len(value) > most:
        raise InputError(f"`{name}` is no list of at most {most} texts")
    if not all(isinstance(item, str) and len(item) <= _ITEM_CHARS for item in value):
        raise InputError(f"`{name}` holds something else than short texts")
    return value


def _one_of(body: Mapping[str, Any], name: str, allowed: tuple[str, ...]) -> None:
    if body.get(name) not in allowed:
        raise InputError(f"unknown {name}: `{body.get(name)!r:.40}`")


def _project(body: Mapping[str, Any]) -> None:
    project = body.get("project")
    if project is not None and not (isinstance(project, str) and 0 < len(project) <= 200):
        raise InputError("`project` is no label")


def _fields(body: Mapping[str, Any], allowed: tuple[str, ...]) -> Mapping[str, Any]:
    fields = body.get("fields")
    if not isinstance(fields, dict) or not fields or not fields.keys() <= set(allowed):
        raise InputError("unknown fields")
    return fields
