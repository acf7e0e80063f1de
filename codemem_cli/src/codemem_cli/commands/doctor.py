"""Whether everything is all right."""

from __future__ import annotations

import click

from codemem_cli.health.repairs import mend
from codemem_core import paths
from codemem_core.commands.host import Host, db_option, json_option, pass_host
from codemem_core.commands.output import say, say_json
from codemem_core.plugins.examine import HealthScope, examine
from codemem_core.records.protocols import Check


@click.command()
@click.option("--fix", is_flag=True, help="First repair what can be repaired without loss.")
@db_option
@json_option
@pass_host
def doctor(host: Host, fix: bool, db_path: str | None, as_json: bool) -> int:
    """Find problems and say how to fix them; exits with 1 when there is one.

    `--fix` makes files private, rebuilds a search index that is out of step, and stores what waits
    in the spool. Fake secrets are sent through to verify that none reaches the disk.

    Example: codemem doctor --fix
    """
    database = paths.database_path(host.settings, db_path)
    scope = HealthScope(host.settings, host.plugins, database)
    mended = list(mend(scope)) if fix else []
    findings = examine(scope)
    well = all(finding.ok for finding in findings)
    if as_json:
        told = [_row(finding) for finding in findings]
        say_json({"ok": well, "mended": mended, "findings": told})
    else:
        for done in mended:
            say(f"fix {done}", colour="green")
        for finding in findings:
            hint = f" -> {finding.hint}" if finding.hint else ""
            line = f"{'ok ' if finding.ok else 'BAD'} {finding.name}: {finding.text}{hint}"
            say(line, colour=None if finding.ok else "red")
    return 0 if well else 1


def _row(check: Check) -> dict[str, object]:
    return {"check": check.name, "ok": check.ok, "text": check.text, "hint": check.hint}
