"""Commands that a host waits for: found without click, and never a failure of the host's."""

import os
import subprocess
import sys
from pathlib import Path


def test_a_fast_command_that_cannot_be_imported_costs_no_tool_call(tmp_path: Path) -> None:
    """It exits with 0, prints nothing, and the plugin log says why."""
    info = tmp_path / "site/codemem_broken-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: codemem-broken\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[codemem.fast]\nbroken-hook = codemem_broken:main\n")
    program = Path(sys.executable).with_name("codemem")
    environ = {"HOME": os.environ["HOME"], "PYTHONPATH": str(tmp_path / "site")}

    done = subprocess.run([program, "broken-hook"], env=environ, capture_output=True, check=False)

    log = Path(os.environ["HOME"]) / ".codemem/plugin.log"
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert "broken-hook failed: ModuleNotFoundError" in log.read_text()
