"""Take secrets and `<private>` blocks out of what is about to be stored, logged or sent.

`secrets.json` says what a secret looks like; the OpenCode plugin reads the same file. Patterns in
it are written so that Python and JavaScript read them alike.
"""

from codemem_core.redact.masks import Shortcut, is_plain, redact
from codemem_core.redact.names import is_sensitive
from codemem_core.redact.private import strip_private

__all__ = ["Shortcut", "is_plain", "is_sensitive", "redact", "strip_private"]
