"""Packages to start from: `codemem plugins new NAME --seam SEAM` fills these files in."""

from __future__ import annotations

import re
from dataclasses import dataclass
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

    record: str
    hook: str
    help: str
    samples: str = ""
    """Payloads that the generated test tries, as Python source."""


SEAMS = {
    "observer": Seam(
        "ObserverRuntime", "codemem_observer_runtimes", "Turns what happened into memories."
    ),
    "auth": Seam("AuthSource", "codemem_auth_sources", "Finds the observer's credential."),
    "source": Seam(
        "IngestSource",
        "codemem_ingest_sources",
        "Understands the events of one host.",
        samples='[{"session": "s1", "time": "2026-01-31T12:00:00Z", "said": "hello"}]',
    ),
    "policy": Seam("FlushPolicy", "codemem_flush_policies", "Decides when to flush."),
}


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
        package / "plugin.py": "plugin.py",
        package / f"{words['module']}.py": f"{seam}.py",
        root / "tests" / "test_conformance.py": "test_conformance.py",
    }
    for path, template in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_filled(template, words), encoding="utf-8")
    start = package / "__init__.py"
    start.write_text(f'"""codemem-{name}: {words["help"]}"""\n', encoding="utf-8")
    return sorted([*files, start])


def _words(name: str, seam: str) -> dict[str, str]:
    about = SEAMS[seam]
    major, minor, _ = __version__.split(".")
    return {
        "name": name,
        "identifier": name.replace("-", "_"),
        "package": f"codemem_{name.replace('-', '_')}",
        "module": seam,
        "class_name": "".join(part.capitalize() for part in name.split("-")),
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
    }


def _filled(template: str, words: dict[str, str]) -> str:
    file = resources.files("codemem_cli.skeleton").joinpath(f"{template}.txt")
    return Template(file.read_text(encoding="utf-8")).substitute(words)
