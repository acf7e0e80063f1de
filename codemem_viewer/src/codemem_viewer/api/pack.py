"""Packs: what a prompt would be told."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated, Any

import apsw
from litestar import Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter, RawBody

from codemem_core import tracing
from codemem_core.capture import note_reader
from codemem_core.config.settings import Settings
from codemem_core.errors import InputError
from codemem_core.hookpath.injected import is_held_out
from codemem_core.hooks.brief import brief
from codemem_core.plugins.registry import Plugins
from codemem_core.records.event import StreamKey
from codemem_core.retrieval.embedding import Meaning
from codemem_core.retrieval.pack.build import Pack, build_pack
from codemem_core.retrieval.pack.query import meant
from codemem_core.retrieval.pack.render import entries_in, ids_in, tokens
from codemem_core.retrieval.pack.savings import savings, since_last_told
from codemem_core.store import projects
from codemem_core.store.engine.connection import rows
from codemem_core.store.engine.store import Store
from codemem_viewer.decode import json_object
from codemem_viewer.openapi import takes_schema

MAX_ITEMS = 200
MAX_TOKENS = 100_000
_NOTHING = {
    "items": [],
    "quotes": [],
    "pack_text": "",
    "metrics": {"items": 0, "pack_tokens": 0, "pack_item_ids": [], "pack_message_ids": []},
}
"""What a session is told that gets nothing on purpose."""
_BUILDING = ThreadPoolExecutor(1, "codemem-pack")
"""One at a time: two at once take twice as long each, and keep the interpreter from ingest."""
_ANSWERED = """
    SELECT 1 FROM raw_events e JOIN streams s ON s.id = e.stream
     WHERE s.source = ? AND s.stream_id = ? AND e.kind = 'assistant' LIMIT 1
"""
_BODY = takes_schema(
    {
        "type": "object",
        "required": ["context"],
        "properties": {
            "context": {"type": "string"},
            "limit": {"type": "integer", "minimum": 1, "maximum": MAX_ITEMS},
            "token_budget": {"type": "integer", "minimum": 1, "maximum": MAX_TOKENS},
            "project": {"type": "string"},
            "cwd": {"type": "string"},
            "around": {"type": "string"},
            "working_set": {"type": "array", "items": {"type": "string"}},
            "injected": {"type": "boolean"},
            "begins": {"type": "boolean"},
            "known": {"type": "array", "items": {"type": "string"}},
            "session": {
                "type": "object",
                "required": ["source", "stream_id"],
                "properties": {"source": {"type": "string"}, "stream_id": {"type": "string"}},
            },
        },
    }
)


@get("/api/pack", sync_to_thread=True)
def for_query(  # noqa: PLR0913, PLR0917 - one parameter a query field
    store: NamedDependency[Store],
    settings: NamedDependency[Settings],
    meaning: NamedDependency[Meaning],
    context: FromQuery[str] = "",
    limit: Annotated[int | None, QueryParameter(ge=1, le=MAX_ITEMS)] = None,
    token_budget: Annotated[int | None, QueryParameter(ge=1, le=MAX_TOKENS)] = None,
    project: FromQuery[str | None] = None,
) -> dict[str, Any]:
    """Build the pack for a short context; a prompt belongs in a POST, out of logs and history."""
    asked = {"context": context, "limit": limit, "token_budget": token_budget, "project": project}
    return _pack(store, settings, meaning, asked)


@post("/api/pack", status_code=200, operation_class=_BODY)
async def for_body(
    body: RawBody,
    store: NamedDependency[Store],
    settings: NamedDependency[Settings],
    meaning: NamedDependency[Meaning],
    plugins: NamedDependency[Plugins],
) -> dict[str, Any]:
    """Build the pack for what `{"context"}` asks.

    Beside it: `limit`, `token_budget`, `project` or the `cwd` that names it, `working_set`, and
    `around`, what the work is about. With `"injected": true` it is fenced, and holds only what may
    stand in a prompt unasked; `session`, its `source` and `stream_id`, then keeps a record of what
    that session was told, and `"begins": true` puts before it what a session that had no answer yet
    should know: the rules, the project card, the last session. `known` (memories as `12`, quoted
    messages as `e34`) is left out.
    """

    def build() -> dict[str, Any]:
        asked = json_object(body)
        if not _text(asked, "project") and (cwd := _text(asked, "cwd")):
            asked["project"] = plugins.project(cwd, asked)
        return _pack(store, settings, meaning, asked)

    return await asyncio.get_running_loop().run_in_executor(_BUILDING, build)


def _pack(
    store: Store, settings: Settings, meaning: Meaning, asked: dict[str, Any]
) -> dict[str, Any]:
    context = _text(asked, "context")
    if not context:
        raise InputError("context required")
    limit = _number(asked, "limit", MAX_ITEMS) or settings.number("inject_limit")
    budget = _number(asked, "token_budget", MAX_TOKENS) or settings.number("inject_token_budget")
    around = _text(asked, "around")
    label, cwd, working_set = (
        _text(asked, "project"),
        _text(asked, "cwd"),
        _texts(asked, "working_set"),
    )
    with (
        tracing.span(
            "search_memory",
            stream=_session(asked) if asked.get("session") is not None else None,
            gen_ai__operation__name="search_memory",
        ) as told,
        store.read() as db,
    ):
        place = projects.answer(db, label or None, cwd or None)
        project = place.project
        told_first = _brief(db, settings, asked, place)
        pack = build_pack(
            db,
            context,
            around=around,
            meaning=meaning.near(db, meant(context, around), project=project),
            limit=limit,
            token_budget=budget,
            project=project,
            working_set=working_set,
            injected=asked.get("injected") is True,
            known=(*_texts(asked, "known"), *entries_in(told_first)),
            learned=settings.flag("learning"),
        )
        told.set(codemem__memories=len(pack.items), codemem__tokens=pack.metrics["pack_tokens"])
        pack.metrics |= savings(db, pack) | since_last_told(db, pack, project=project)
    _put_first(pack, told_first)
    if asked.get("injected") is True and asked.get("session") is not None:
        key = _session(asked)
        if is_held_out(key.stream_id, settings.number("holdout_percent")):
            store.submit(lambda db: note_reader.held_out(db, key, at_ms=_now_ms()))
            return pack.to_json() | _NOTHING
        if pack.text:
            _record(store, key, pack, project or "")
    return pack.to_json()


def _brief(
    db: apsw.Connection, settings: Settings, asked: dict[str, Any], place: projects.PlaceName
) -> str:
    """Return what a session that begins should know, fenced, or nothing."""
    wanted = asked.get("injected") is True and asked.get("begins") is True
    if not wanted or not place.project or not settings.flag("inject_brief"):
        return ""
    if asked.get("session") is not None and rows(db, _ANSWERED, _session(asked)):
        return ""  # it is resumed, and was told when it began
    joined = place.place.remote if projects.joins(db, place) else ""
    return brief(db, place.project, joined=joined or "")


def _put_first(pack: Pack, text: str) -> None:
    """Put a brief before a pack, and count it as told."""
    if text:
        pack.text = f"{text}\n{pack.text}".rstrip("\n")
        pack.metrics["pack_tokens"] += tokens(text)
        pack.metrics["pack_item_ids"] = [*ids_in(text), *pack.metrics["pack_item_ids"]]


def _session(asked: dict[str, Any]) -> StreamKey:
    named = asked["session"]
    if not isinstance(named, dict):
        raise InputError("session must be an object")
    source, stream_id = _text(named, "source"), _text(named, "stream_id")
    if not source or not stream_id:
        raise InputError("session needs source and stream_id")
    return StreamKey(source, stream_id)


def _record(store: Store, key: StreamKey, pack: Pack, project: str) -> None:
    """Note what a session is told; the prompt does not wait for it."""
    told = {"ids": pack.metrics["pack_item_ids"], "tokens": pack.metrics["pack_tokens"]}
    now_ms = _now_ms()
    store.submit(lambda db: note_reader.told(db, key, told | {"project": project}, at_ms=now_ms))


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _text(asked: dict[str, Any], name: str) -> str:
    value = asked.get(name)
    if not isinstance(value, str | None):
        raise InputError(f"{name} must be string")
    return (value or "").strip()


def _number(asked: dict[str, Any], name: str, most: int) -> int | None:
    value = asked.get(name)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool):
        raise InputError(f"{name} must be int")
    if not 1 <= value <= most:
        raise InputError(f"{name} must be from 1 to {most}")
    return value


def _texts(asked: dict[str, Any], name: str) -> tuple[str, ...]:
    value = asked.get(name) or []
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise InputError(f"{name} must be a list of strings")
    return tuple(value)


router = Router("/", route_handlers=[for_query, for_body], tags=["pack"])
