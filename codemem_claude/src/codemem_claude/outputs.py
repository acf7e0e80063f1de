"""Long outputs of commands: Claude Code keeps them in a file and sends the beginning."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from typing import Any

from codemem_core.api import redact

HEAD_CHARS = 4_000
TAIL_CHARS = 12_000
"""More than the evidence keeps of one output: errors stand at the end."""
_NEAR_BYTES = 65_536
"""Read at either end: what is kept of it is far from where a secret may be cut in two."""


def with_ends(output: Mapping[str, Any], payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a tool's output with beginning and end of the file it names as its `stdout`.

    Only a file that Claude Code wrote for this session counts: a tool could name any other to have
    it read. Unchanged when it cannot be read.
    """
    path, transcript = output.get("persistedOutputPath"), payload.get("transcript_path")
    if not isinstance(path, str) or not isinstance(transcript, str):
        return output
    folder = os.path.join(transcript.removesuffix(".jsonl"), "tool-results")
    if os.path.dirname(os.path.realpath(path)) != os.path.realpath(folder):
        return output
    try:
        return {**output, "stdout": _ends(path)}
    except OSError:
        return output


def _ends(path: str) -> str:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(f"not a file: `{path}`")
        head = file.read(_NEAR_BYTES)
        if status.st_size <= _NEAR_BYTES:
            return _clipped(_public(head))
        file.seek(max(0, status.st_size - _NEAR_BYTES))
        tail = file.read(_NEAR_BYTES)
    left_out = status.st_size - HEAD_CHARS - TAIL_CHARS
    return _joined(_public(head)[:HEAD_CHARS], left_out, _public(tail)[-TAIL_CHARS:])


def _public(text: bytes) -> str:
    return str(redact(text.decode(errors="replace"))[0])


def _clipped(text: str) -> str:
    left_out = len(text) - HEAD_CHARS - TAIL_CHARS
    return text if left_out <= 0 else _joined(text[:HEAD_CHARS], left_out, text[-TAIL_CHARS:])


def _joined(head: str, left_out: int, tail: str) -> str:
    return f"{head}\n[… {left_out} characters left out …]\n{tail}"
