"""Long outputs of commands: Claude Code keeps them in a file and sends the beginning."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from typing import Any

HEAD_BYTES = 4_000
TAIL_BYTES = 12_000
"""More than the evidence keeps of one output: errors stand at the end."""


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
        left_out = status.st_size - HEAD_BYTES - TAIL_BYTES
        if left_out <= 0:
            return file.read(HEAD_BYTES + TAIL_BYTES).decode(errors="replace")
        head = file.read(HEAD_BYTES).decode(errors="replace")
        file.seek(-TAIL_BYTES, os.SEEK_END)
        tail = file.read(TAIL_BYTES).decode(errors="replace")
    return f"{head}\n[… {left_out} bytes left out …]\n{tail}"
