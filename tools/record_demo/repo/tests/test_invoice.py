"""Amounts of an invoice."""

from decimal import Decimal

from invoicing.invoice import Invoice, Line
from invoicing.pdf import rows


def test_vat_of_a_line_is_rounded_half_up() -> None:
    """Half a cent goes up."""
    assert Line("Mailbox", Decimal("4.50"), 19).vat == Decimal("0.86")


def test_total_is_net_and_vat() -> None:
    """The customer pays net and VAT."""
    invoice = Invoice("INV-2001", (Line("Domain", Decimal("10.00"), 19),))

    assert invoice.total() == Decimal("11.90")


def test_pdf_shows_each_line_and_the_total() -> None:
    """The last row is the total."""
    invoice = Invoice("INV-2001", (Line("Domain", Decimal("10.00"), 19),))

    assert rows(invoice)[-1].split() == ["Total", "11.90"]
