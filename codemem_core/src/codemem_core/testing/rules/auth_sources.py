"""Rules for auth sources."""

from __future__ import annotations

import time

from codemem_core.records.protocols import AuthRequest, Credential
from codemem_core.testing.conformance import Rule, Subject

_REQUEST = AuthRequest(provider="openai")


def finds_a_credential_or_none(subject: Subject) -> None:
    """Nothing else can be put into a header; a place that is empty is no error."""
    found = subject.make().resolve(_REQUEST)
    assert found is None or isinstance(found, Credential), f"it gave `{type(found).__name__}`"


def gives_a_token_fit_for_a_header(subject: Subject) -> None:
    """A line break in it would be two headers."""
    found = subject.make().resolve(_REQUEST)
    if found is not None:
        assert found.token.strip() == found.token != "", "the token is blank or has blanks around"
        assert found.token.isprintable(), "the token has characters no header takes"


def hides_the_token(subject: Subject) -> None:
    """It ends up in logs otherwise."""
    found = subject.make().resolve(_REQUEST)
    if found is not None:
        assert found.token not in f"{found} {found!r}", "the token shows itself"


def answers_in_time(subject: Subject) -> None:
    """`observer_auth_timeout_ms` is what the user agreed to wait, plus a second to give up."""
    limit_s = subject.settings.number("observer_auth_timeout_ms") / 1000 + 1
    started = time.monotonic()
    subject.make().resolve(_REQUEST)
    assert time.monotonic() - started <= limit_s, f"it took more than {limit_s:.1f} s"


def looks_again_when_asked(subject: Subject) -> None:
    """A refused token must not come back from its own memory as an error."""
    found = subject.make().resolve(AuthRequest(provider="openai", fresh=True))
    assert found is None or isinstance(found, Credential), f"it gave `{type(found).__name__}`"


RULES: tuple[Rule, ...] = (
    finds_a_credential_or_none,
    gives_a_token_fit_for_a_header,
    hides_the_token,
    answers_in_time,
    looks_again_when_asked,
)
