"""Rules for installers; tried in a home folder without the agent, as most machines are."""

from __future__ import annotations

from codemem_core.testing.conformance import Rule, Subject


def says_whether_the_agent_is_there(subject: Subject) -> None:
    """`codemem setup` asks every installer first; it must not fail where there is no agent."""
    assert isinstance(subject.make().found(), bool), "`found` gave no bool"


def says_what_it_would_do(subject: Subject) -> None:
    """A person reads the sentences before agreeing; asking twice changes nothing."""
    installer = subject.make()
    changes = installer.changes()
    assert all(isinstance(each, str) and each.strip() for each in changes), f"it gave {changes!r}"
    assert installer.changes() == changes, "asking changed something"


def checks_without_an_installation(subject: Subject) -> None:
    """What is missing is a check that fails and says how to mend it."""
    checks = list(subject.make().checks(database="/nonexistent/mem.sqlite"))
    assert checks, "it looks at nothing"
    silent = [check.text for check in checks if not check.ok and not check.hint]
    assert not silent, f"no hint: {silent!r}"


RULES: tuple[Rule, ...] = (
    says_whether_the_agent_is_there,
    says_what_it_would_do,
    checks_without_an_installation,
)
