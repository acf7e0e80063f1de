"""Errors.

CodememError              shown as one line and a hint, never as a traceback
├── SettingsError         a setting is missing or wrong
├── InputError            what a person or a host sent cannot be used
│   └── UnusableFile      what was to be read is not what the command reads
├── NotFound              what was asked for does not exist
├── ChangedSince          what was asked for would undo somebody's later change
├── StoreError            the database is locked, too new or not ours
│   └── Damaged           the database is damaged; it is to be salvaged
├── PluginError           a plugin broke a rule of its seam
└── ObserverError         the observer gave no usable answer
    ├── AuthError         no usable credential, or it was refused
    ├── RateLimited       the provider asked us to wait
    │   └── BudgetSpent   the user's own limit is reached
    ├── TransientError    the network or the provider failed; worth another try
    │   ├── Unreachable   nothing was sent: no network, no server, no runtime
    │   └── UnusableAnswer  it answered, and nothing of it can be used
    ├── Misconfigured     it cannot be asked as it is set up; waits for the settings
    └── PermanentError    the same request will fail again
        └── ContextTooLong    it is too long for the model; less may do
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Self


class CodememError(Exception):
    """A failure a person can act on.

    `str(error)` says what happened, `hint` what to do about it, `exit_code` is what the command
    line returns.
    """

    exit_code = 1
    hint = ""

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        if hint is not None:
            self.hint = hint


class SettingsError(CodememError):
    """A setting is missing or has a value that cannot be used."""

    exit_code = 2


class InputError(CodememError):
    """What a person or a host sent cannot be used."""

    exit_code = 2


class UnusableFile(InputError):
    """A file, or standard input, is not what the command reads."""

    exit_code = 1


class NotFound(CodememError):
    """What was asked for does not exist."""


class ChangedSince(CodememError):
    """What was asked for would take back a later change, too."""


class StoreError(CodememError):
    """The database is locked, too new, damaged or not ours."""

    exit_code = 4


class Damaged(StoreError):
    """The database file is damaged: nothing more can be trusted to it."""

    hint = "`codemem db salvage` keeps the file and saves what can be read"


class PluginError(CodememError):
    """A plugin broke a rule of its seam."""

    exit_code = 5


class ObserverError(CodememError):
    """The observer gave no usable answer; `kind` is the error class the queue keeps."""

    exit_code = 3
    kind = "transient"
    may_have_cost = False
    """Whether a model may have worked for nothing: the answer was lost, too late or too long."""

    def at_a_cost(self) -> Self:
        """Return the error, marked so that the call counts against the user's limits."""
        self.may_have_cost = True
        return self


class AuthError(ObserverError):
    """No usable credential for the observer, or the provider refused it."""

    kind = "auth"
    hint = "set `CODEMEM_OBSERVER_API_KEY`, or choose another `observer_auth_source`"


class RateLimited(ObserverError):
    """The provider asked us to wait."""

    kind = "rate_limited"

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class BudgetSpent(RateLimited):
    """The user's own limit on tokens or money is reached."""

    hint = "see `codemem usage`; the limits are `CODEMEM_OBSERVER_BUDGET_*`"


class TransientError(ObserverError):
    """The network or the provider failed; the same request may work later."""


class Unreachable(TransientError):
    """Nothing was sent: no network, no server, no runtime. The request is not to blame."""

    kind = "unreachable"


class UnusableAnswer(TransientError):
    """The observer answered in no form that is known; asked again it may do better."""

    kind = "unusable"


class Misconfigured(ObserverError):
    """The observer cannot be asked as it is set up: a wrong name, address or model."""

    kind = "settings"
    hint = "mend the setting, then `codemem serve restart`"


class PermanentError(ObserverError):
    """The same request will fail again, such as a refused prompt."""

    kind = "permanent"


class ContextTooLong(PermanentError):
    """The request does not fit the model's context; it may be asked with less evidence."""

    hint = "set a smaller `CODEMEM_OBSERVER_MAX_CHARS`, or give the model a larger context"
