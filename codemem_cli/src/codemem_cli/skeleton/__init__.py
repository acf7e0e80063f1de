"""Packages to start from: `codemem plugins new NAME --seam SEAM` fills these files in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from string import Template

from codemem_core._version import __version__
from codemem_core.errors import InputError
from codemem_core.hookspecs import API

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


@dataclass(frozen=True, slots=True)
class Seam:
    """What a skeleton of a seam needs to know."""

    hook: str
    help: str
    record: str = ""
    """What the hook returns; empty when it is called for its answer."""
    more: str = ""
    """Further fields of the record, as Python source."""
    samples: str = ""
    """Payloads that the generated test tries, as Python source."""
    needs: str = ""
    """A distribution it needs beside the core."""
    files: Mapping[str, str] = field(default_factory=dict)
    """Further files of the package, each with the template it is filled in from."""


_SAMPLE = '[{"session": "s1", "time": "2026-01-31T12:00:00Z", "said": "hello"}]'
SEAMS = {
    "auth": Seam("codemem_auth_sources", "Finds the observer's credential.", "AuthSource"),
    "changes": Seam("codemem_changes", "Follows every change of a memory.", "ChangeFollower"),
    "command": Seam("codemem_commands", "Says how many sessions wait.", "Command", needs="click"),
    "embedder": Seam(
        "codemem_embedders", "Turns text into vectors.", "Embedder", more="dimension=16,"
    ),
    "health": Seam("codemem_health_checks", "Looks at its own installation.", "HealthCheck"),
    "observer": Seam(
        "codemem_observer_runtimes", "Turns what happened into memories.", "ObserverRuntime"
    ),
    "page": Seam(
        "codemem_viewer_pages",
        "Shows the sessions that wait.",
        "Page",
        more='title="$class_title",\n    template="$package:$identifier.html",',
        files={"templates/$identifier.html": "page.html"},
    ),
    "policy": Seam("codemem_flush_policies", "Decides when to flush.", "FlushPolicy"),
    "project": Seam("codemem_project", "Names the project of a folder."),
    "route": Seam(
        "codemem_viewer_routes", "Lists the sessions that wait.", "Route", needs="litestar"
    ),
    "saved": Seam("codemem_memory_saved", "Hears of new memories."),
    "settings": Seam("codemem_settings", "Has settings of its own."),
    "setup": Seam("codemem_host_setups", "Installs codemem into an agent.", "HostSetup"),
    "source": Seam(
        "codemem_ingest_sources",
        "Understands the events of one host.",
        "IngestSource",
        samples=_SAMPLE,
    ),
    "worker": Seam("codemem_workers", "Works while the server runs.", "BackgroundWorker"),
}
"""A package to start from for every hook; the name is what `--seam` takes."""


def write_package(name: str, seam: str, parent: Path) -> list[Path]:
    """Write the package `codemem-NAME` into a new folder below `parent`; return its files.

    Raises `InputError` for a name that is no package name, or when the folder exists.
    """
    if not _NAME.fullmatch(name):
        raise InputError(
            f"not a package name: `{name}`", hint="lower-case letters, digits and single hyphens"
        )
    root = parent / f"codemem-{name}"
    if root.exists():
        raise InputError(f"the folder exists: `{root}`", hint="choose another name, or move it")
    words = _words(name, seam)
    package = root / "src" / words["package"]
    files = {
        root / "pyproject.toml": "pyproject.toml",
        root / "README.md": "README.md",
        package / "__init__.py": "__init__.py",
        **{package / Template(path).substitute(words): t for path, t in SEAMS[seam].files.items()},
    }
    if SEAMS[seam].record:
        files[package / "plugin.py"] = "plugin.py"
        files[package / f"{words['module']}.py"] = f"{seam}.py"
        files[root / "tests" / "test_conformance.py"] = "test_conformance.py"
    else:
        files[package / "plugin.py"] = f"plugin_{seam}.py"
        files[root / "tests" / "test_plugin.py"] = "test_plugin.py"
    for path, template in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_filled(template, words), encoding="utf-8")
    return sorted(files)


def _words(name: str, seam: str) -> dict[str, str]:
    about = SEAMS[seam]
    major, minor, _ = __version__.split(".")
    words = {
        "name": name,
        "identifier": name.replace("-", "_"),
        "package": f"codemem_{name.replace('-', '_')}",
        "module": seam,
        "class_name": _class_name(name, seam),
        "class_title": name.replace("-", " ").capitalize(),
        "constant": name.replace("-", "_").upper(),
        "variable": f"{name.replace('-', '_').upper()}_TOKEN",
        "record": about.record,
        "hook": about.hook,
        "help": about.help,
        "api": str(API),
        "major": major,
        "minor": minor,
        "next_major": str(int(major) + 1),
        "given": f"\nSAMPLES = {about.samples}\n" if about.samples else "",
        "arguments": ", samples=SAMPLES" if about.samples else "",
        "needs": f', "{about.needs}"' if about.needs else "",
    }
    words["more"] = f"\n    {Template(about.more).substitute(words)}" if about.more else ""
    return words


def _class_name(name: str, seam: str) -> str:
    """Return what the target is called: a class, or a function where the seam wants one."""
    if seam in {"command", "page", "route"}:
        return name.replace("-", "_")
    return "".join(part.capitalize() for part in name.split("-"))


def _filled(template: str, words: dict[str, str]) -> str:
    file = resources.files("codemem_cli.skeleton").joinpath(f"{template}.txt")
    return Template(file.read_text(encoding="utf-8")).substitute(words)
