"""The recorded session, written by us: what the user asks, what the model says and does.

Only these words are made up. The tools run for real on a copy of `repo/`, so every output in
the recording is true; paths are written as on the machine of the story, `/home/dev`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

REPO = "/home/dev/invoicing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One answer of the model: some words, then at most one tool call."""

    says: str
    tool: str = ""
    """Name of a Claude Code tool; empty in the last turn of a prompt."""
    arguments: Mapping[str, object] = field(default_factory=dict)


def read(path: str, *, says: str) -> Turn:
    """Read a file of the repository."""
    return Turn(says=says, tool="Read", arguments={"file_path": f"{REPO}/{path}"})


def edit(path: str, *, old: str, new: str, says: str) -> Turn:
    """Replace the only occurrence of `old` in a file of the repository."""
    arguments = {"file_path": f"{REPO}/{path}", "old_string": old, "new_string": new}
    return Turn(says=says, tool="Edit", arguments=arguments)


def bash(command: str, *, why: str, says: str) -> Turn:
    """Run a command in the repository; `why` is the description the user sees."""
    return Turn(says=says, tool="Bash", arguments={"command": command, "description": why})


BUG = """\
We cannot send invoice INV-2041 to Nordhafen Logistik. The export refuses it:
"BR-CO-17: VAT 19 %: stated 10.32, computed 10.26". It is twelve mailboxes at 4.50 €, nothing \
special. I put it into tests/test_einvoice.py, it fails there too. Can you find out where the \
6 cents come from and fix it? Commit when the tests pass."""

OLD_VAT = '''\
        """VAT for each VAT rate."""
        vat: dict[int, Decimal] = defaultdict(Decimal)
        for line in self.lines:
            vat[line.rate] += line.vat
        return dict(vat)
'''

NEW_VAT = '''\
        """VAT for each VAT rate, rounded once per rate as BR-CO-17 asks."""
        return {rate: to_cents(net * rate / 100) for rate, net in self.net_by_rate().items()}
'''

FIXED = """\
INV-2041 is fixed and committed: it now states 10.26 € VAT, 64.26 € in total, and passes the \
export check. All 5 tests pass.

**Cause:** `Invoice.vat_by_rate` added up `Line.vat`, which is already rounded to cents. 19 % of \
4.50 € is 0.855 € and becomes 0.86 €, so twelve lines carried twelve times half a cent: 10.32 € \
instead of 10.26 €.

**Fix:** `vat_by_rate` in `invoicing/invoice.py` now rounds once per VAT rate, on the net sum of \
that rate.

**Decision:** round per rate, not once over the whole invoice, because BR-CO-17 checks each rate \
by itself: with 19 % and 7 % on one invoice a single rounding can still be a cent off. I also \
decided against a "rounding difference" line: the customer would see a position they never \
ordered.

**Please note:** the printed invoice (`invoicing/pdf.py`) still shows `Line.vat` for each line. \
That column may differ from the VAT total by a few cents. This is intended: never compute a \
total by adding up `Line.vat`."""

MIXED = """\
Thanks, that makes sense. Does it also hold for invoices that mix 19 % and 7 %, like the ones \
with printed handbooks? Please add a test with real numbers for that, and a changelog line that \
support can quote when a customer asks."""

LAST_TEST = """\
    assert export(Invoice("INV-2041", lines))["vat"] == {19: "10.26"}
"""

NEW_TEST = '''

def test_each_rate_is_rounded_by_itself() -> None:
    """VAT is 6.02: 6.01 would be one rounding over both rates, 6.04 one a line."""
    mailboxes = [Line(f"Mailbox {n}", Decimal("4.50"), 19) for n in range(1, 6)]
    handbooks = [Line(f"Handbook {n}", Decimal("12.40"), 7) for n in range(1, 3)]

    exported = export(Invoice("INV-2057", (*mailboxes, *handbooks)))

    assert exported["vat"] == {19: "4.28", 7: "1.74"}
    assert exported["total"] == "53.32"
'''

CHANGES = """\
## Unreleased

- VAT is rounded once per VAT rate, not on each line, as EN 16931 asks (BR-CO-17). The VAT shown
  beside each line of a printed invoice may add up to a few cents more or less than the VAT total;
  the total is right.
"""

HOLDS = """\
Yes, it holds. Five mailboxes at 4.50 € (19 %) and two handbooks at 12.40 € (7 %) give \
4.28 € + 1.74 € = 6.02 € VAT and 53.32 € in total. Rounding once over the whole invoice would \
give 6.01 €, rounding each line 6.04 €, so `test_each_rate_is_rounded_by_itself` in \
`tests/test_einvoice.py` fails if anybody goes back to either.

`CHANGELOG.md` says under "Unreleased" that VAT is rounded once per rate and that the VAT beside \
the lines need not add up to the VAT total. All 6 tests pass; test and changelog are committed."""

STORY: Mapping[str, tuple[Turn, ...]] = {
    BUG: (
        read("invoicing/invoice.py", says="I'll look at how the VAT is computed first."),
        bash(
            "python -m pytest -q tests/test_einvoice.py",
            why="Reproduce the refused export",
            says="Each line rounds its own VAT. Let me see the failure with your test.",
        ),
        bash(
            r"git grep -n '\.vat\b\|vat_by_rate'",
            why="Find everything that uses the VAT of a line",
            says="0.855 € becomes 0.86 €, twelve times: those are the 6 cents. "
            "Before I change the sum, who else uses the VAT of a line?",
        ),
        edit(
            "invoicing/invoice.py",
            old=OLD_VAT,
            new=NEW_VAT,
            says="Only the PDF shows it line by line. "
            "The sum must start from the net amounts and round once per rate.",
        ),
        bash("python -m pytest -q", why="Run all tests", says="Now all tests, not only yours."),
        bash(
            "git commit -am 'Round VAT once per rate, not on each line'",
            why="Commit the fix",
            says="All green, so I commit.",
        ),
        Turn(says=FIXED),
    ),
    MIXED: (
        read("tests/test_einvoice.py", says="I'll put the new test beside INV-2041."),
        edit(
            "tests/test_einvoice.py",
            old=LAST_TEST,
            new=LAST_TEST + NEW_TEST,
            says="I choose numbers for which the three ways of rounding give three results.",
        ),
        bash("python -m pytest -q", why="Run all tests", says="Does it hold?"),
        read("CHANGELOG.md", says="It does. Now the changelog."),
        edit(
            "CHANGELOG.md",
            old="## Unreleased\n",
            new=CHANGES,
            says="One sentence on the change, one that answers the customer.",
        ),
        bash(
            "git commit -am 'Test invoices with two VAT rates, tell support about rounding'",
            why="Commit test and changelog",
            says="Both go into one commit.",
        ),
        Turn(says=HOLDS),
    ),
}
