"""Figures for Prometheus."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import httpx

LINE = re.compile(r'codemem_[a-z_]+(\{[a-z_]+="[^"]*"(,[a-z_]+="[^"]*")*\})? -?[0-9.e+-]+')


def test_every_line_is_in_the_format(
    api: httpx.Client, event: Callable[..., dict[str, Any]]
) -> None:
    """Metrics, their help and type, and nothing else."""
    api.post("/api/raw-events", json={"events": [event("s", 1)]})
    answer = api.get("/api/metrics")

    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    lines = answer.text.splitlines()
    assert not [line for line in lines if not (line.startswith("# ") or LINE.fullmatch(line))]


def test_the_figures_are_those_of_the_store(
    api: httpx.Client, event: Callable[..., dict[str, Any]]
) -> None:
    """What was taken, what waits, how long until it can be read."""
    api.post("/api/raw-events", json={"events": [event("s", 1)]})
    text = api.get("/api/metrics").text

    received = re.search(r'events_total\{source="opencode",outcome="received"\} (\d+)', text)
    assert received
    assert int(received[1]) > 0
    assert re.search(r'write_to_readable_seconds\{quantile="0.99"\} [0-9.]+\n', text)
    assert "codemem_memories_told_total " in text
