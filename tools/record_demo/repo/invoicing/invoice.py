"""Invoices: their lines, net amounts and VAT."""

from collections import defaultdict
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")


def to_cents(amount: Decimal) -> Decimal:
    """Round half up to whole cents."""
    return amount.quantize(CENT, ROUND_HALF_UP)


@dataclass(frozen=True)
class Line:
    """One position of an invoice."""

    text: str
    net: Decimal
    rate: int  # VAT in per cent

    @property
    def vat(self) -> Decimal:
        """VAT of this line, in whole cents."""
        return to_cents(self.net * self.rate / 100)


@dataclass(frozen=True)
class Invoice:
    """A numbered list of lines."""

    number: str
    lines: tuple[Line, ...]

    def net_by_rate(self) -> dict[int, Decimal]:
        """Net amount for each VAT rate."""
        net: dict[int, Decimal] = defaultdict(Decimal)
        for line in self.lines:
            net[line.rate] += line.net
        return dict(net)

    def vat_by_rate(self) -> dict[int, Decimal]:
        """VAT for each VAT rate."""
        vat: dict[int, Decimal] = defaultdict(Decimal)
        for line in self.lines:
            vat[line.rate] += line.vat
        return dict(vat)

    def total(self) -> Decimal:
        """Return what the customer pays."""
        return sum(self.net_by_rate().values()) + sum(self.vat_by_rate().values(), Decimal())
