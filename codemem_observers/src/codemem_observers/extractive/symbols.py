"""Names a line of code defines."""

from __future__ import annotations

import re

_TS = r"(?:export\s+)?(?:default\s+)?(?:declare\s+)?(?:abstract\s+)?"
_CODE = (
    re.compile(rf"^\s*{_TS}(?:async\s+)?function\s*\*?\s*(?P<call>[\w$]+)\s*[(<]"),
    re.compile(rf"^\s*{_TS}(?:class|interface|enum|namespace)\s+(?P<name>[A-Z][\w$]*)"),
    re.compile(rf"^\s*{_TS}type\s+(?P<name>[A-Z]\w*)[^=\n]*="),
    re.compile(
        rf"^\s{{0,2}}{_TS}(?:const|let|"
        rf"var)\s+(?P<call>[\w$]+)\s*(?::[^=]+)?=\s*(?:async\s*)?(?:\([^)]*\)|\w+)\s*(?::[^=]+)?=>"
    ),
    re.compile(rf"^{_TS}(?:const|let|var)\s+(?P<name>[A-Za-z_$][\w$]*)\s*[:=]"),
    re.compile(r"^\s+const\s+\[(?P<name>\w+),\s*set[A-Z]\w*\]\s*="),
    re.compile(r"^\s*(?:async\s+)?def\s+(?P<call>\w+[?!]?)"),
    re.compile(r"^\s*class\s+(?P<name>\w+)"),
    re.compile(r"^func\s+(?:\([^)]*\)\s*)?(?P<call>\w+)\s*[(\[]"),
    re.compile(r"^type\s+(?P<name>\w+)\s+(?:struct|interface|func)\b"),
    re.compile(r"^\s*(?:pub(?:\([^)]*\))?\s+)?(?:async\s+|const\s+|unsafe\s+)*fn\s+(?P<call>\w+)"),
    re.compile(r"^\s*(?:pub(?:\([^)]*\))?\s+)?(?:struct|enum|trait|mod|union)\s+(?P<name>\w+)"),
    re.compile(
        r"^\s*(?:(?:public|private|protected|internal|static|final|override|abstract|async|"
        r"readonly|suspend|virtual)\s+)+"
        r"(?:[\w<>\[\],.?]+\s+)?(?P<call>\w+)\s*\("
    ),
    re.compile(r"^\s*(?:function\s+)?(?P<call>\w+)\s*\(\)\s*\{"),
    re.compile(
        r"^(?:\t| {2,4})(?:async\s+)?(?P<call>[a-z]\w+)\([^()]*\)\s*(?::\s*[\w<>\[\]|"
        r" ,.]+)?\s*\{\s*$"
    ),
    re.compile(r"^(?P<name>[A-Z][A-Z0-9_]{2,})\s*(?::[^=]+)?="),
    re.compile(
        r"^\s*create\s+(?:or replace\s+)?(?:unique\s+)?(?:table|index|"
        r"view)\s+(?:if not exists\s+)?(?P<name>[\w.\"]+)",
        re.IGNORECASE,
    ),
)
_STYLE = (
    re.compile(r"^\s*(?P<name>[.#][A-Za-z][\w-]*)[^;{}]*\{"),
    re.compile(r"^\s*(?P<name>--[\w-]+)\s*:"),
)
_CONFIG = (
    re.compile(r"^\s{0,8}\"(?P<name>[\w@./:-]+)\"\s*:"),
    re.compile(r"^\s{0,4}(?:- )?(?P<name>[A-Za-z_][\w.-]*)\s*[:=](?:\s|$)"),
    re.compile(r"^\[+(?P<name>[^\]]+)\]+\s*$"),
)
_MARKDOWN = (re.compile(r"^#{1,4}\s+(?P<title>.+?)\s*#*$"),)
_TEST = re.compile(r"^\s*(?:test|it)(?:\.\w+)*\(\s*[\"'`](?P<title>[^\"'`\n]+)")
_TEST_NAME = re.compile(r"^(?:test_|Test[A-Z])\w*")
_NOT_NAMES = {
    "if",
    "for",
    "while",
    "switch",
    "catch",
    "return",
    "function",
    "constructor",
    "else",
    "do",
    "main",
}

_BY_SUFFIX = {
    **dict.fromkeys(("css", "scss", "less", "sass"), _STYLE),
    **dict.fromkeys(("json", "jsonc", "yaml", "yml", "toml", "ini", "cfg", "env"), _CONFIG),
    **dict.fromkeys(("md", "mdx", "rst", "txt", "markdown"), _MARKDOWN),
}


def defined_name(line: str, path: str) -> str:
    """Return what a line defines (`f()`, `Class`, `.selector`, `key`, `heading`), or nothing."""
    if len(line) > 400:
        return ""
    for pattern in _BY_SUFFIX.get(path.rpartition(".")[2].lower(), _CODE):
        if match := pattern.match(line):
            kind = match.lastgroup or "name"
            name = match[kind]
            if name in _NOT_NAMES:
                return ""
            return {"call": f"`{name}()`", "title": f"“{name[:60]}”"}.get(kind, f"`{name}`")
    return ""


def defined_test(line: str) -> str:
    """Return the name of the test a line defines, or nothing."""
    if match := _TEST.match(line[:400]):
        return match["title"]
    name = defined_name(line, "").strip("`()")
    return name if _TEST_NAME.match(name) else ""
