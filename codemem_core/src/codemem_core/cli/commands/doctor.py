"""Whether everything is all right."""

from __future__ import annotations

from dataclasses import asdict

import click

from codemem_core import paths
from codemem_core.cli.host import Host, db_option, json_option, pass_host
from codemem_core.cli.output import say, say_json
from codemem_core.doctor import Patient, examine


@click.command()
@db_option
@json_option
@pass_host
def doctor(host: Host, db_path: str | None, as_json: bool) -> int:
    """Say what is wrong, each with how to mend it; exit code 1 when something is.

    Example: codemem doctor
    """
    database = paths.database_path(host.settings, db_path)
    findings = examine(Patient(host.settings, host.plugins, database))
    well = all(finding.ok for finding in findings)
    if as_json:
        say_json({"ok": well, "findings": [asdict(finding) for finding in findings]})
    else:
        for finding in findings:
            hint = f" -> {finding.hint}" if finding.hint else ""
            say(f"{'ok ' if finding.ok else 'BAD'} {finding.check}: {finding.text}{hint}")
    return 0 if well else 1
