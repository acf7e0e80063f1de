"""The real clients, from npm: installed once for every checkout and test run of this user."""

from __future__ import annotations

import fcntl
import os
import platform
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

CLAUDE_CODE = "@anthropic-ai/claude-code@2.1.332"
OLDER_CLAUDE_CODE = "@anthropic-ai/claude-code@2.1.197"
OPENCODE = "opencode-ai@1.18.33"
CODEX = "@openai/codex@0.171.0"
COPILOT = "@github/copilot@1.0.102"
GEMINI = "@google/gemini-cli@0.61.0"
QWEN = "@qwen-code/qwen-code@0.24.4"
KILO = "@kilocode/cli-linux-x64@7.7.9"
PI = "@mariozechner/pi-coding-agent@0.73.1"

NEWEST = False
"""What `--newest` sets: the newest version of each client, instead of the pinned one."""

# Read at import: each test has a HOME of its own. Outside the repository, because one install
# takes 500 MB and a minute, and a fresh checkout needs the same ones.
_CACHE = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "codemem-clients"


def programs(package: str) -> Path:
    """Return the folder with the commands of an npm package (`name@version`).

    Installs it when nobody has; of several test processes one installs, the others wait. A missing
    npm fails the test: these tests are only asked for where the clients can be had.
    """
    if NEWEST:
        package = _newest(package)
    folder = _CACHE / package.replace("/", "+")
    with _locked(folder.with_name(f"{folder.name}.lock")):
        if not (folder / "bin").exists():
            _install(package, folder)
    return folder / "bin"


def _newest(package: str) -> str:
    """Return the package with its newest version."""
    name = package.rpartition("@")[0]
    told = subprocess.run(
        ["npm", "view", f"{name}@latest", "version"], capture_output=True, text=True, check=True
    )
    return f"{name}@{told.stdout.strip()}"


def _install(package: str, folder: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        pytest.fail("npm is not installed: these tests run real clients, which are node programs")
    draft = folder.with_name(f"{folder.name}.new")
    shutil.rmtree(draft, ignore_errors=True)
    # No scripts: a package from a registry runs nothing at install time.
    options = ("--ignore-scripts", "--silent", "--no-audit", "--no-fund", "--prefix", str(draft))
    subprocess.run([npm, "install", *options, package], check=True)
    _link_programs(draft)
    # An install that was stopped leaves the draft only, and the next one begins anew.
    shutil.rmtree(folder, ignore_errors=True)
    draft.rename(folder)


def _link_programs(folder: Path) -> None:
    """Put the programs for this machine into `bin`, as the packages' install scripts would."""
    machine = "arm64" if platform.machine() in {"arm64", "aarch64"} else "x64"
    (folder / "bin").mkdir()
    for package in folder.glob(f"node_modules/**/*-{platform.system().lower()}-{machine}"):
        for program in (
            *package.glob("*"),
            *package.glob("bin/*"),
            *package.glob("vendor/*/bin/*"),
        ):
            if program.is_file() and os.access(program, os.X_OK) and not program.suffix:
                target = Path("..") / program.relative_to(folder)
                (folder / "bin" / program.name).symlink_to(target)
    # Others are node programs, and those npm has linked itself.
    for program in folder.glob("node_modules/.bin/*"):
        if not (folder / "bin" / program.name).exists():
            (folder / "bin" / program.name).symlink_to(Path("..") / program.relative_to(folder))


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def processes(home: Path) -> dict[int, str]:
    """Return the processes of a home folder: pid → command line."""
    found = {}
    mark = f"HOME={home}\0".encode()
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (entry / "environ").read_bytes() + b"\0":
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                found[int(entry.name)] = command
        except OSError:
            continue
    return {pid: command for pid, command in found.items() if command}


if __name__ == "__main__":
    for client in (
        CLAUDE_CODE,
        OLDER_CLAUDE_CODE,
        OPENCODE,
        CODEX,
        COPILOT,
        GEMINI,
        QWEN,
        KILO,
        PI,
    ):
        programs(client)
