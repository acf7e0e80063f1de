"""What the commands and the installers of plugins need: host, options, input, output, checks.

Names are imported when they are first used.
"""

from __future__ import annotations

from codemem_core.lazy import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
