"""What it cost an agent to find out what a memory says: the tokens of the events it rests on."""

from __future__ import annotations

import json

import apsw

from codemem_core.store.engine.connection import rows

_WITHOUT = """
    SELECT m.id, m.metadata, m.prompt_number, s.source, s.stream_id,
           b.stream, b.start_seq, b.end_seq
      FROM memories m JOIN batches b ON b.id = m.batch JOIN streams s ON s.id = b.stream
     WHERE NOT instr(m.metadata, '"discovery_tokens"')
       AND m.session_id IN (SELECT id FROM sessions ORDER BY started_ms DESC LIMIT ?)
"""
_SPENT = """
    SELECT coalesce(sum(coalesce(payload ->> '$._adapter.payload.usage.input_tokens', 0)
                      + coalesce(payload ->> '$._adapter.payload.usage.output_tokens', 0)
                      + coalesce(payload ->> '$._adapter.payload.usage.cache_creation_input_tokens',
                                 0)), 0),
           coalesce(sum(length(payload)), 0)
      FROM raw_events WHERE stream = ? AND seq BETWEEN ? AND ?
"""
_CHARS_A_TOKEN = 4


def fill(db: apsw.Connection, *, sessions: int, now_ms: int) -> int:
    """Note it for memories of the newest sessions that do not say; return for how many.

    Their metadata gets `discovery_tokens`, `discovery_source` (`usage` when the host counted, else
    `estimate`) and `discovery_group`: memories of one prompt share the cost. Where the events are
    deleted already nothing is noted.
    """
    spent: dict[tuple[int, int, int], tuple[int, int]] = {}
    noted = []
    for memory, metadata, prompt, source, stream_id, *stretch in rows(db, _WITHOUT, (sessions,)):
        key = (stretch[0], stretch[1], stretch[2])
        if key not in spent:
            [spent[key]] = rows(db, _SPENT, key)
        counted, characters = spent[key]
        tokens = counted or characters // _CHARS_A_TOKEN
        if tokens:
            found = {
                "discovery_tokens": tokens,
                "discovery_source": "usage" if counted else "estimate",
                "discovery_group": f"{source}:{stream_id}:{f'p{prompt}' if prompt else 'unknown'}",
            }
            text = json.dumps(json.loads(metadata) | found, ensure_ascii=False)
            noted.append((text, now_ms, memory))
    db.executemany("UPDATE memories SET metadata = ?, updated_ms = ? WHERE id = ?", noted)
    return len(noted)
