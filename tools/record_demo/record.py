"""Record the session of `codemem demo`: the real Claude Code, a scripted model, true tool runs."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from endpoint import serve
from story import REPO, STORY, Turn

HERE = Path(__file__).resolve().parent
RECORDING = HERE.parents[1] / "codemem_claude/src/codemem_claude/demo/session.jsonl"
CLIENT = "@anthropic-ai/claude-code@2.1.330"
SESSION_ID = "5a1f0c2e-7d43-4b8e-9a66-2041c0ffee19"
HOOKS = (
    "SessionStart",
    "UserPromptSubmit",
    "PostToolUse",
    "PostToolUseFailure",
    "Stop",
    "SessionEnd",
)


class RecordingError(Exception):
    """The recording is incomplete or says where it was made."""


def main() -> None:
    """Record, check and write the session."""
    with tempfile.TemporaryDirectory(prefix="record-demo-") as folder:
        root = Path(folder).resolve()
        repo = root / REPO.removeprefix("/")
        log = root / "hooks.log"
        environment = child_environment(root)
        build_repo(repo, environment)
        claude = install_client(root / "client")
        with serve([local(turn, root) for turns in STORY.values() for turn in turns]) as url:
            command = [str(claude), *client_options(log)]
            run_session(command, repo, environment | {"ANTHROPIC_BASE_URL": url})
        lines = recorded_lines(log.read_text(), root=root)
    check(lines)
    RECORDING.write_text("".join(f"{line}\n" for line in lines))
    sys.stdout.write(f"{len(lines)} hook payloads in {RECORDING}\n")


def child_environment(root: Path) -> dict[str, str]:
    """Return all that the client and its tools see: of the caller only `PATH`, fixed dates."""
    (root / "tmp").mkdir()
    date = "2026-03-04T09:30:00+0000"
    return {
        "HOME": str(root / "home/dev"),
        "TMPDIR": str(root / "tmp"),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "LANG": "C.UTF-8",
        "ANTHROPIC_API_KEY": "test-key",
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "CLAUDE_CODE_MAX_RETRIES": "0",
        "DISABLE_AUTOUPDATER": "1",
        "DISABLE_TELEMETRY": "1",
        "DISABLE_ERROR_REPORTING": "1",
        "GIT_CONFIG_NOSYSTEM": "1",
        **{f"GIT_{who}_NAME": "Dana Weber" for who in ("AUTHOR", "COMMITTER")},
        **{f"GIT_{who}_EMAIL": "dana@example.com" for who in ("AUTHOR", "COMMITTER")},
        **{f"GIT_{who}_DATE": date for who in ("AUTHOR", "COMMITTER")},
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTEST_ADDOPTS": "-p no:cacheprovider",
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    }


def build_repo(repo: Path, environment: dict[str, str]) -> None:
    """Lay out the repository of the story, with one commit."""
    shutil.copytree(HERE / "repo", repo, ignore=shutil.ignore_patterns("__pycache__"))
    for command in ("init -q -b main", "add .", "commit -qm Invoicing"):
        subprocess.run(["git", *command.split()], cwd=repo, env=environment, check=True)


def install_client(folder: Path) -> Path:
    """Install Claude Code from npm; return its command."""
    install = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(folder)]
    subprocess.run([*install, CLIENT], check=True)
    return folder / "node_modules/.bin/claude"


def client_options(log: Path) -> list[str]:
    """Return options for a session that logs each hook payload and may use the story's tools."""
    hook = f"""printf '%s %s\\n' "$(date +%s%3N)" "$(cat)" >> '{log}'"""
    entry = [{"hooks": [{"type": "command", "command": hook}]}]
    allow = ["Read", "Edit", "Bash"]
    settings = {"hooks": dict.fromkeys(HOOKS, entry), "permissions": {"allow": allow}}
    options = ["-p", "--verbose", "--model", "sonnet", "--session-id", SESSION_ID]
    options += ["--input-format", "stream-json", "--output-format", "stream-json"]
    return [*options, "--settings", json.dumps(settings)]


def run_session(command: list[str], repo: Path, environment: dict[str, str]) -> None:
    """Send the prompts one after the other into one session, each after the answer to the last."""
    with subprocess.Popen(
        command,
        cwd=repo,
        env=environment,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as client:
        assert client.stdin
        assert client.stdout
        for prompt in STORY:
            message = {"role": "user", "content": prompt}
            client.stdin.write(json.dumps({"type": "user", "message": message}) + "\n")
            client.stdin.flush()
            wait_for_result(client.stdout)
        client.communicate()
    if client.returncode:
        raise RecordingError(f"the client failed: `{client.returncode}`")


def wait_for_result(output: Iterable[str]) -> None:
    """Read the client's output up to the end of the answer."""
    for line in output:
        message = json.loads(line)
        if message["type"] == "result":
            if message["is_error"]:
                raise RecordingError(f"the prompt failed: `{message['result']}`")
            return
    raise RecordingError("the client stopped before it answered")


def local(turn: Turn, root: Path) -> Turn:
    """Return the turn with paths of this machine instead of the story's."""
    arguments = {
        name: f"{root}{value}" if name == "file_path" else value
        for name, value in turn.arguments.items()
    }
    return replace(turn, arguments=arguments)


def recorded_lines(log: str, *, root: Path) -> list[str]:
    """Turn the hook log into the lines of the recording, with the story's paths."""
    # Claude names a project's transcript folder after its path, with dashes.
    dashed = re.sub(r"[^a-zA-Z0-9]", "-", str(root))
    mapped = log.replace(str(root), "").replace(dashed, "")
    rows = [line.split(" ", 1) for line in mapped.splitlines()]
    lines = []
    for arrived_ms, text in rows:
        payload = json.loads(text)
        at_ms = int(arrived_ms) - int(rows[0][0])
        row = {"hook": payload["hook_event_name"], "at_ms": at_ms, "payload": payload}
        lines.append(json.dumps(row, ensure_ascii=False))
    return lines


def check(lines: list[str]) -> None:
    """Refuse a recording that misses a hook, or names a path or the host of this machine."""
    missing = set(HOOKS) - {json.loads(line)["hook"] for line in lines}
    if missing:
        raise RecordingError(f"hooks that never fired: `{missing}`")
    # Inside JSON a line break is `\n`, whose letter would hide a path at the start of a line.
    text = "\n".join(lines).replace("\\n", "\n")
    paths = re.findall(r"(?<![\w./])/\w[\w./-]*", text)
    foreign = [path for path in paths if not path.startswith("/home/dev/")]
    if foreign:
        raise RecordingError(f"paths of this machine: `{foreign}`")
    if re.search(rf"\b{re.escape(socket.gethostname())}\b", text):
        raise RecordingError(f"the name of this machine: `{socket.gethostname()}`")


if __name__ == "__main__":
    main()
