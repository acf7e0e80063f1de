"""What a host package, an observer package or any other plugin may rely on.

docs/internals.md lists the names. What is not in `codemem_core.api`, `codemem_core.commands`,
`codemem_core.hooks` or `codemem_core.testing` may change in any release. A name is imported when it
is first used, so importing this module costs next to nothing.
"""

from __future__ import annotations

from codemem_core.lazy import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
