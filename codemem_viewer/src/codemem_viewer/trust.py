"""What may be injected of a memory and why, in words."""

from __future__ import annotations

from codemem_core.records.memory import Memory

_FROM = {
    "user": "Your own words",
    "assistant": "The agent's words",
    "tool_repo": "From the project's files",
    "tool_exec": "From the output of a command",
    "agent": "Written by an agent on its own account",
    "teammate": "From a teammate",
    "external": "From outside: the web, a package or another server",
    "import": "From an import",
}


def trust(memory: Memory) -> str:
    """Say where a memory comes from and whether agents are given it unasked."""
    where = _FROM.get(memory.origin, memory.origin)
    if not memory.active:
        return f"{where}. Forgotten: it is neither found nor injected."
    if memory.confirmed:
        return f"{where}. You confirmed it: it may be injected into prompts."
    if memory.held:
        return (
            f"{where}. It can be found, and is not injected into a prompt before you confirm it:"
            " text from outside may hold instructions that are not yours."
        )
    return f"{where}. It may be injected into prompts."


def confirming(memory: Memory) -> str:
    """Say what confirming a memory, or taking that back, changes."""
    if memory.confirmed:
        return "Withdraw your confirmation: its origin decides again whether it is injected"
    if memory.held:
        return "Confirm: you vouch for it, and it may be injected into prompts"
    return "Confirm: you vouch for it, and no newer finding outdates it by itself"
