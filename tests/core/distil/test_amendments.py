"""Which claims repeat one another, and which announce that an older one is over."""

from __future__ import annotations

import pytest

from codemem_core.distil.amendments import ComparedMemory, amends, repeats
from codemem_core.records.memory import NewMemory


def claim(title: str, body: str, *files: str) -> ComparedMemory:
    """Make a claim about files."""
    fields = {"title": title, "body": body, "files_modified": files}
    return ComparedMemory(NewMemory(key="", kind="decision", origin="assistant", **fields))  # type: ignore[arg-type]


QUEUE = claim("Send mails through a queue", "Mails go through the queue of Rabbit.", "mail.py")
AMENDED = [
    (QUEUE, claim("Send mails at once", "Mails no longer go through the queue.", "mail.py")),
    (
        claim("Build images with Kaniko", "Images are built with Kaniko in the cluster."),
        claim("Build images with BuildKit", "Images are built with BuildKit instead of Kaniko."),
    ),
    (
        claim("Keep fixtures in tests/data", "The fixtures of the parser are in tests/data."),
        claim("Move the fixtures", "Parser fixtures moved to testdata, out of tests/data."),
    ),
    (
        claim("Die Uhr läuft in UTC", "Zeiten der Schnittstelle stehen in UTC."),
        claim("Zeiten in Ortszeit", "Zeiten der Schnittstelle stehen nicht mehr in UTC."),
    ),
]
REPEATED = [
    (
        claim("Sort with LC_ALL=C", "The sort of `ls -1` needs LC_ALL=C. Committed as 0985b48."),
        claim("LC_ALL=C for the sort", "The `ls -1` sort needs LC_ALL=C. Committed as 1276d28."),
    ),
    (
        claim("Set LC_ALL=C for the sort", "The sort of `ls -1` differs unless LC_ALL=C is set."),
        claim("Sort needs LC_ALL=C", "Without LC_ALL=C the sort of `ls -1` differs on macOS."),
    ),
    (
        claim("Close the cursor", "An open cursor keeps the table locked until the process ends."),
        claim(
            "Watch open cursors",
            "The table is locked until the process of the open cursor ends.",
        ),
    ),
]
APART = [
    (QUEUE, claim("Log mails at info level", "Mails are logged at info level now.", "log.py")),
    (
        claim("Limit of the search API", "The search API gives at most 100 results a page."),
        claim("Limit of the export API", "The export API gives at most 500 rows a page."),
    ),
    (
        claim("Quote CSV cells", "Quotes in CSV cells are doubled."),
        claim("Quote TSV cells", "Quotes in TSV cells are doubled."),
    ),
    (
        claim("Fix the deadlock in the writer", "The writer took two locks, one now.", "a.py"),
        claim("Fix the race in the reader", "The reader saw half a row; it reads all now.", "b.py"),
    ),
]


@pytest.mark.parametrize(("older", "newer"), AMENDED)
def test_a_claim_that_announces_a_change_amends_the_older(
    older: ComparedMemory, newer: ComparedMemory
) -> None:
    """It speaks of the same thing and says that it was otherwise."""
    assert amends(newer, older)


@pytest.mark.parametrize(("older", "newer"), REPEATED)
def test_the_same_claim_in_other_words_repeats_the_older(
    older: ComparedMemory, newer: ComparedMemory
) -> None:
    """It names the same things and changes nothing."""
    assert repeats(newer, older)
    assert not amends(newer, older)


@pytest.mark.parametrize(("older", "newer"), APART)
def test_claims_that_share_words_leave_each_other_alone(
    older: ComparedMemory, newer: ComparedMemory
) -> None:
    """Another file, another value or another name is another subject."""
    assert not repeats(newer, older)
    assert not amends(newer, older)
