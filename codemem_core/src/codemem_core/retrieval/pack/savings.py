"""What a pack saves: the tokens its memories once cost, and what telling them costs now."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

from codemem_core.retrieval.pack.render import tokens
from codemem_core.store.engine.connection import rows

if TYPE_CHECKING:
    import apsw

    from codemem_core.retrieval.pack.build import Pack

LEAST_WORK = 2_000
"""Tokens that finding something out takes at least, where nobody counted."""
_DISCOVERY = """
    SELECT id, json_extract(metadata, '$.discovery_tokens'),
           coalesce(json_extract(metadata, '$.discovery_group'), id),
           coalesce(json_extract(metadata, '$.discovery_source'), 'unknown')
      FROM memories WHERE id IN (SELECT value FROM json_each(?))
"""
_LAST_TOLD = """
    SELECT json_extract(metadata, '$.pack_item_ids'), tokens_read
      FROM usage_events
     WHERE event = 'pack' AND json_extract(metadata, '$.project') = ?
     ORDER BY id DESC LIMIT 1
"""


def savings(db: apsw.Connection, pack: Pack) -> dict[str, Any]:
    """Return the pack's metrics of work, in estimated tokens.

    `work_tokens` counts every memory: what was measured when it was made, else an estimate of 2,000
    at least. `unique` counts memories of one discovery once. `avoided_work` counts only what was
    measured.
    """
    told = json.dumps([hit.id for hit in pack.items])
    known = {row[0]: row[1:] for row in rows(db, _DISCOVERY, (told,))}
    work: dict[object, int] = {}
    total, measured = 0, []
    for hit in pack.items:
        counted, group, source = known.get(hit.id, (None, hit.id, ""))
        is_measured = isinstance(counted, int) and counted > 0
        cost = counted if is_measured else max(LEAST_WORK, tokens(hit.body))
        total += cost
        work[group] = max(work.get(group, 0), cost)
        if is_measured:
            measured.append((source, cost))
    avoided = sum(cost for _, cost in measured)
    cost_now, unique = pack.metrics["pack_tokens"], sum(work.values())
    return {
        "work_tokens": total,
        "work_tokens_unique": unique,
        "tokens_saved": max(0, unique - cost_now),
        "compression_ratio": round(cost_now / unique, 4) if unique else None,
        "avoided_work_tokens": avoided,
        "avoided_work_saved": max(0, avoided - cost_now),
        "avoided_work_ratio": round(avoided / cost_now, 4) if cost_now else None,
        "avoided_work_known_items": len(measured),
        "avoided_work_unknown_items": len(pack.items) - len(measured),
        "avoided_work_sources": dict(Counter(source for source, _ in measured)),
        "work_usage_items": len(measured),
        "work_estimate_items": len(pack.items) - len(measured),
        "work_source": _source(len(measured), len(pack.items)),
        "savings_reliable": bool(measured) and len(measured) == len(pack.items),
    }


def since_last_told(db: apsw.Connection, pack: Pack, *, project: str | None) -> dict[str, Any]:
    """Return what is other than in the pack that an agent was told last about this project.

    `added_ids`, `removed_ids`, `retained_ids` and `pack_token_delta`; without an earlier pack
    `pack_delta_available` is False and they are empty.
    """
    now = [hit.id for hit in pack.items]
    last = rows(db, _LAST_TOLD, (project or "",))
    told: list[int] = json.loads(last[0][0] or "[]") if last else []
    return {
        "pack_delta_available": bool(last),
        "added_ids": [each for each in now if each not in told] if last else [],
        "removed_ids": [each for each in told if each not in now],
        "retained_ids": [each for each in now if each in told],
        "pack_token_delta": pack.metrics["pack_tokens"] - last[0][1] if last else 0,
    }


def _source(measured: int, items: int) -> str:
    if not measured:
        return "estimate"
    return "usage" if measured == items else "mixed"
