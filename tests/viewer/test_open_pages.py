"""`codemem open`: a browser gets a link that works once."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx


def opened(machine: Any, bin_folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run `codemem open` with a browser that writes down what it is to open."""
    browser = bin_folder / "xdg-open"
    browser.write_text(f'#!/bin/sh\nprintf %s "$1" > {bin_folder}/opened\n')
    browser.chmod(0o755)
    command = machine.command()
    program = command[: command.index("serve")]
    path = f"{bin_folder}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        [*program, "open", *words],
        env=machine.environ | {"PATH": path},
        cwd=machine.path,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )


def test_a_browser_gets_a_link_to_the_page(machine: Any, tmp_path: Path) -> None:
    """The server is started for it."""
    done = opened(machine, tmp_path, "review")

    assert done.returncode == 0, done.stderr
    link = urlsplit((tmp_path / "opened").read_text())
    code = {"code": link.fragment.removeprefix("code=")}
    answer = httpx.post(f"http://{link.netloc}/api/links/open", json=code, trust_env=False)
    assert (link.path, answer.status_code) == ("/review", 200)


def test_what_is_printed_into_a_file_holds_no_key(machine: Any, tmp_path: Path) -> None:
    """A log is no place for it."""
    done = opened(machine, tmp_path, "--print")

    assert done.stdout.splitlines()[-1].startswith("http://127.0.0.1:")
    assert "#" not in done.stdout
    assert not (tmp_path / "opened").exists()
