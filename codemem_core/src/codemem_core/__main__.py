"""`python -m codemem_core`: the `codemem` program where its script is not on the path."""

from __future__ import annotations

import sys

from codemem_core.cli.main import main

sys.exit(main())
