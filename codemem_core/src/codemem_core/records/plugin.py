"""What is known of an installed plugin."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginInfo:
    """One line of `codemem plugins`."""

    name: str
    distribution: str = ""
    version: str = ""
    third_party: bool = False
    """Whether it comes from somebody else's distribution."""
    needs: str = ""
    """Which versions of codemem-core it says it works with; looked at for third parties."""
    state: str = "active"
    """`active`, `blocked` (not imported) or `failed` (switched off)."""
    hooks: tuple[str, ...] = ()
    """What it implements."""
    fast_commands: tuple[str, ...] = ()
    """Commands of its distribution that hosts call without loading any plugin."""
    problem: str = ""
    """Why it failed, or the last thing that went wrong in an active one."""

    def __str__(self) -> str:
        """Name the plugin and where it comes from."""
        origin = f"{self.distribution} {self.version}".strip()
        return f"`{self.name}` ({origin})" if origin else f"`{self.name}`"
