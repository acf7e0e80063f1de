"""What models call their findings."""

import pytest

from codemem_core.distil.kinds import nearest_kind


@pytest.mark.parametrize(
    ("written", "kind"),
    [
        ("bugfix", "bugfix"),
        ("Bug-Fix", "bugfix"),
        ("bug fix", "bugfix"),
        ("BUG_FIX", "bugfix"),
        ("bugfix | change", "bugfix"),
        ("new feature", "feature"),
        ("docs", "change"),
        ("trade-off", "decision"),
        ("convention", "decision"),
        ("preference", "decision"),
        ("gotcha", "discovery"),
        ("lesson learned", "discovery"),
        ("Erkenntnis", "discovery"),
        ("", "discovery"),
    ],
)
def test_any_name_has_a_nearest_kind(written: str, kind: str) -> None:
    """No finding is lost because of what it is called."""
    assert nearest_kind(written) == kind
