"""Unified diffs from what hosts say of an edit."""

from __future__ import annotations

from codemem_core.diffs import from_patch, patched_files

PATCH = """*** Begin Patch
*** Update File: old.py
*** Move to: new.py
@@
-a
+b
*** Delete File: gone.py
*** End Patch"""


def test_a_patch_becomes_a_diff_with_two_names_a_file() -> None:
    """A moved file has both its names, a deleted one goes nowhere."""
    assert from_patch(PATCH).splitlines() == [
        *("--- old.py", "+++ new.py", "@@", "-a", "+b"),
        *("--- gone.py", "+++ /dev/null"),
    ]


def test_a_patch_names_its_files_once() -> None:
    """In the order of the patch."""
    assert patched_files(PATCH) == ["old.py", "new.py", "gone.py"]


def test_a_patch_without_a_line_is_no_diff() -> None:
    """Hosts send what the model wrote, and it may have written nothing."""
    assert from_patch("") == ""
