"""Send spans to a collector on this machine, where the user names one."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from codemem_core import tracing
from codemem_core._version import __version__
from codemem_core.config.settings import Settings
from codemem_core.errors import SettingsError

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

log = logging.getLogger(__name__)
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@contextmanager
def exported(settings: Settings) -> Iterator[None]:
    """Export spans while the block runs, if `otlp_endpoint` says where to."""
    endpoint = settings.text("otlp_endpoint")
    provider = _provider(endpoint) if endpoint else None
    if provider is None:
        yield
        return
    tracing.turn_on(provider.get_tracer("codemem", __version__))
    try:
        yield
    finally:
        tracing.turn_on(None)
        provider.shutdown()


def check_endpoint(endpoint: str) -> None:
    """Raise `SettingsError` for a collector that is not on this machine."""
    address = urlsplit(endpoint)
    if address.scheme not in {"http", "https"} or address.hostname not in _LOOPBACK:
        raise SettingsError(
            f"spans are sent to this machine only, not to `{endpoint}`",
            hint="set `CODEMEM_OTLP_ENDPOINT` to a local collector, which may pass them on",
        )


def _provider(endpoint: str) -> TracerProvider | None:
    check_endpoint(endpoint)
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415 - an extra
            OTLPSpanExporter,
        )
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
    except ImportError:
        log.warning("no spans are sent: pip install 'codemem-viewer[telemetry]'")
        return None
    resource = Resource({"service.name": "codemem", "service.version": __version__})
    provider = TracerProvider(resource=resource)
    exporter = OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces")
    provider.add_span_processor(BatchSpanProcessor(exporter))
    return provider
