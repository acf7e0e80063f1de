"""Let schemathesis send what the OpenAPI document allows, and what it does not, to a real server.

`python tools/fuzz_api.py [options of schemathesis run]`; fails on any 5xx.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile

TOKEN = "token-of-one-fuzzing-run"  # noqa: S105 - of a server that lives for this run


def main(options: list[str]) -> int:
    """Run against a server in a temporary home and return schemathesis' exit code."""
    with tempfile.TemporaryDirectory() as home:
        environ = {**os.environ, "HOME": home, "CODEMEM_VIEWER_TOKEN": TOKEN}
        codemem = [sys.executable, "-P", "-m", "codemem_cli", "serve"]

        def serve(*arguments: str) -> str:
            done = subprocess.run(
                [*codemem, *arguments],
                env=environ,
                cwd=home,
                capture_output=True,
                text=True,
                check=False,
            )
            return done.stdout

        serve("start", "--port", "0")
        url = re.findall(r"http://\S+/", serve("status"))[0]
        command = [
            *(
                os.path.join(os.path.dirname(sys.executable), "schemathesis"),
                "run",
                f"{url}api/openapi/openapi.json",
            ),
            *("--header", f"Authorization: Bearer {TOKEN}", "--checks", "not_a_server_error"),
            *("--exclude-path", "/api/stream"),  # it has no end
            *("--mode", "all", "--suppress-health-check", "all"),
        ]
        try:
            return subprocess.run([*command, *options], cwd=home, check=False).returncode
        finally:
            serve("stop")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
