"""Invoices for the hosting customers."""
