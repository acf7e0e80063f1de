"""Figures of the fault harness: one JSON file a run."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

Report = Callable[..., None]


@pytest.fixture
def report(request: pytest.FixtureRequest) -> Report:
    """Write the figures of a run to `FAULTS_RESULTS`, or to `.faults/` of the checkout."""
    folder = Path(os.environ.get("FAULTS_RESULTS") or request.config.rootpath / ".faults")

    def write(**figures: object) -> None:
        folder.mkdir(exist_ok=True)
        name = request.node.name.replace("/", "-")
        (folder / f"{name}.json").write_text(json.dumps({"run": name} | figures) + "\n")

    return write
