"""The tests of containment and the matrix turn red on planted bugs: else they prove nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.observers.mutants import NAMES

ROOT = Path(__file__).parents[2]
CONTAINED = "tests/observers/test_agent_sandbox.py"
MATRIX = "tests/observers/test_matrix.py"
CAUGHT_BY = {
    "prompt in argv": (CONTAINED, "standard_input_alone"),
    "environment passed through": (CONTAINED, "few_variables"),
    "hooks on inside the observer": (CONTAINED, "few_variables"),
    "folder left behind": (CONTAINED, "empty_private_folder"),
    "group not killed": (CONTAINED, "grandchildren_end_with_it and claude and True"),
    "orphans not adopted": (CONTAINED, "left_the_group and claude"),
    "token in the error text": (MATRIX, "chat-env-forbidden"),
    "server's words in the error text": (MATRIX, "chat-env-forbidden"),
    "credential not fetched again": (MATRIX, "chat-file-refreshed"),
    "retry-after not read": (MATRIX, "chat-env-limited"),
    "any length read": (MATRIX, "chat-env-5"),
}


def outcome(name: str) -> int:
    """Run the tests that should notice a bug with it in place, and return pytest's exit code."""
    path, which = CAUGHT_BY[name]
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider"]
    command += ["-p", "tests.observers.mutants"]
    environ = {**os.environ, "PLANTED": name}
    done = subprocess.run(
        [*command, path, "-k", which], cwd=ROOT, env=environ, capture_output=True, check=False
    )
    return done.returncode


@pytest.mark.parametrize("name", NAMES)
def test_a_planted_bug_is_noticed(name: str) -> None:
    """Without it the same tests are green: this run has them all."""
    assert outcome(name) == 1
