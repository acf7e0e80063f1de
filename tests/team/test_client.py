"""How the team's server is reached."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict

from codemem_core.config.settings import Settings
from codemem_core.errors import CodememError
from codemem_core.plugins.registry import Plugins
from codemem_team import client, plugin

# An address that is nobody's (RFC 5737): nothing is asked of a name server.
FAR = "host=db.example.org hostaddr=192.0.2.1 dbname=codemem"


def options(url: str) -> dict[str, str]:
    """Return what libpq is given for a `team_url`."""
    settings = Settings.load({**os.environ, "CODEMEM_TEAM_URL": url})
    Plugins.only(plugin, settings=settings)
    return {name: str(value) for name, value in conninfo_to_dict(client.conninfo(settings)).items()}


def test_over_a_network_the_certificate_is_verified() -> None:
    """Nobody has to ask for it."""
    found = options(FAR)

    assert (found["sslmode"], found["sslrootcert"]) == ("verify-full", "system")


@pytest.mark.parametrize("mode", ["require", "verify-ca", "disable"])
def test_what_is_set_holds(mode: str) -> None:
    """`doctor` says what it thinks of it."""
    assert options(f"{FAR} sslmode={mode}")["sslmode"] == mode


def test_a_service_file_counts_as_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own root certificate stays."""
    path = tmp_path / "services"
    path.write_text(
        "[codemem]\nhost=db.example.org\nhostaddr=192.0.2.1\nsslrootcert=/etc/acme.pem\n"
    )
    monkeypatch.setenv("PGSERVICEFILE", str(path))

    found = options("service=codemem")

    assert found["sslmode"] == "verify-full"
    assert "sslrootcert" not in found


@pytest.mark.parametrize("where", ["host=/run/postgresql", "host=127.0.0.1", "host=localhost"])
def test_on_this_machine_there_is_no_certificate(where: str) -> None:
    """A socket or loopback."""
    assert "sslmode" not in options(where)


def test_a_hanging_server_does_not_hang_us() -> None:
    """Connecting and waiting for packets both have an end."""
    found = options(FAR)

    assert (found["connect_timeout"], found["tcp_user_timeout"]) == ("10", "20000")


def test_nonsense_is_named() -> None:
    """Without the password that may be in it."""
    with pytest.raises(CodememError, match="no connection string") as raised:
        options("postgresql://me:secret@[")

    assert "secret" not in str(raised.value)
