"""The printed invoice."""

from invoicing.invoice import Invoice


def rows(invoice: Invoice) -> list[str]:
    """Return the table: one row a line, then the total."""
    table = [f"{line.text:<30} {line.net:>8} {line.vat:>8}" for line in invoice.lines]
    return [*table, f"{'Total':<30} {invoice.total():>17}"]
