"""What is known of an installed plugin."""

from __future__ import annotations

from dataclasses import dataclass

OURS = frozenset(
    f"codemem-{name}" for name in ("core", "claude", "mcp", "observers", "opencode", "viewer")
)
"""The distributions of this repository."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginInfo:
    """One line of `codemem plugins`."""

    name: str
    distribution: str = ""
    version: str = ""
    state: str = "active"
    """`active`, `blocked` (not imported) or `failed` (switched off)."""
    hooks: tuple[str, ...] = ()
    problem: str = ""
    """Why it failed, or the last thing that went wrong in an active one."""

    @property
    def third_party(self) -> bool:
        """Whether it comes from somebody else."""
        return self.distribution not in OURS

    def __str__(self) -> str:
        """Name the plugin and where it comes from."""
        origin = f"{self.distribution} {self.version}".strip()
        return f"`{self.name}` ({origin})" if origin else f"`{self.name}`"
