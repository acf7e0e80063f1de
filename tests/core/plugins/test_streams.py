"""Standard streams while plugins of others run."""

import subprocess
import sys

WHILE_APART = """
import os, sys
from codemem_core.plugins import streams
print("ours")
streams.divert()
with streams.apart():
    print("theirs")
    os.close(1)
with streams.apart():
    sys.stdout.close()
opened = os.open(os.devnull, os.O_WRONLY)
print("later", opened, flush=True)
"""


def test_what_plugins_print_after_the_answer_goes_to_standard_error() -> None:
    """Diverted once and for all, and still whole after a plugin closed a stream."""
    done = subprocess.run(
        [sys.executable, "-c", WHILE_APART], capture_output=True, text=True, check=True
    )

    assert done.stdout == "ours\n"
    assert "theirs" in done.stderr
    printed, number = done.stderr.split()[-2:]
    assert printed == "later"
    assert int(number) > 2
