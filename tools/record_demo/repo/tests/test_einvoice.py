"""Electronic invoices."""

from decimal import Decimal

from invoicing.einvoice import export
from invoicing.invoice import Invoice, Line


def test_one_line_is_exported() -> None:
    """The plainest invoice there is."""
    invoice = Invoice("INV-2001", (Line("Domain", Decimal("10.00"), 19),))

    assert export(invoice) == {"number": "INV-2001", "vat": {19: "1.90"}, "total": "11.90"}


def test_inv_2041_is_accepted() -> None:
    """Twelve mailboxes at 4.50 net, for Nordhafen Logistik."""
    lines = tuple(Line(f"Mailbox {n}", Decimal("4.50"), 19) for n in range(1, 13))

    assert export(Invoice("INV-2041", lines))["vat"] == {19: "10.26"}
