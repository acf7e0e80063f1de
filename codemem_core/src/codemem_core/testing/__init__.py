"""For tests of codemem and of its plugins: the conformance kit, and fakes that ship with the seams.

    from codemem_core.testing import conforms

    test_keyring = conforms(AuthSource(name="keyring", target="codemem_keyring:Keyring"))

Needs pytest and hypothesis: `pip install codemem-core[testing]`.
"""

from codemem_core.testing.conformance import Rule, Subject, conforms, loads, rules_of
from codemem_core.testing.fakes import ScriptedObserver, observer_plugin

__all__ = [
    "Rule",
    "ScriptedObserver",
    "Subject",
    "conforms",
    "loads",
    "observer_plugin",
    "rules_of",
]
