"""Electronic invoices (EN 16931), as the customers' portals take them."""

from invoicing.invoice import Invoice, to_cents


class EInvoiceError(Exception):
    """The portal would reject this invoice."""


def export(invoice: Invoice) -> dict[str, object]:
    """Return the invoice as the portal wants it, checked like the portal checks it."""
    check_vat(invoice)
    return {
        "number": invoice.number,
        "vat": {rate: str(vat) for rate, vat in invoice.vat_by_rate().items()},
        "total": str(invoice.total()),
    }


def check_vat(invoice: Invoice) -> None:
    """Rule BR-CO-17: VAT of a rate is the net amount of that rate times the rate."""
    net = invoice.net_by_rate()
    for rate, stated in invoice.vat_by_rate().items():
        computed = to_cents(net[rate] * rate / 100)
        if stated != computed:
            raise EInvoiceError(f"BR-CO-17: VAT {rate} %: stated {stated}, computed {computed}")
