"""codemem's hooks in Codex's hooks file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from codemem_codex.hooks_file import HooksFile
from codemem_core.api import CodememError

PROGRAM = ["/opt/code mem/bin/codemem"]
OTHERS = """{
    "hooks" : { "Stop": [ {"hooks": [{"type": "command", "command": "notify-send done"}]} ] }
}"""


@pytest.fixture
def file(home: Path) -> HooksFile:
    """Name the hooks file of a fresh machine."""
    return HooksFile(home / ".codex")


def test_hooks_come_and_go_without_a_trace(file: HooksFile) -> None:
    """There was no file, so there is none afterwards."""
    file.install(PROGRAM)
    assert file.is_current(PROGRAM)

    file.remove()
    assert not file.path.exists()
    file.remove()


def test_the_users_own_hooks_stay_as_they_were(file: HooksFile) -> None:
    """Byte for byte, also after an upgrade moved the program."""
    file.path.parent.mkdir()
    file.path.write_text(OTHERS)

    file.install(["/old/bin/codemem"])
    file.install(PROGRAM)
    stop = json.loads(file.path.read_text())["hooks"]["Stop"]
    file.remove()

    assert [each["hooks"][0]["command"] for each in stop] == [
        "notify-send done",
        "'/opt/code mem/bin/codemem' codex-hook",
    ]
    assert file.path.read_text() == OTHERS


def test_what_the_user_changed_meanwhile_is_kept(file: HooksFile) -> None:
    """Only our hooks go."""
    file.path.parent.mkdir()
    file.path.write_text(OTHERS)
    file.install(PROGRAM)
    changed = json.loads(file.path.read_text())
    changed["hooks"]["PreToolUse"] = [{"hooks": [{"type": "command", "command": "check"}]}]
    file.path.write_text(json.dumps(changed))

    file.remove()

    assert set(json.loads(file.path.read_text())["hooks"]) == {"Stop", "PreToolUse"}


@pytest.mark.parametrize("text", ["{", "[]", '{"hooks": 3}', '{"hooks": {"Stop": {}}}'])
def test_a_file_nobody_understands_is_left_alone(file: HooksFile, text: str) -> None:
    """It is the user's."""
    file.path.parent.mkdir()
    file.path.write_text(text)

    with pytest.raises(CodememError):
        file.install(PROGRAM)
    assert file.path.read_text() == text
