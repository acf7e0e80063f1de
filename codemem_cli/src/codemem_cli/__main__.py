"""`python -m codemem_cli`: the `codemem` program where its script is not on the path."""

from __future__ import annotations

import sys

from codemem_cli.main import main

sys.exit(main())
