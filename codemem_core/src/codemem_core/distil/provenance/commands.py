"""Which shell commands bring text from outside, and into which files.

Outside is what other people or other machines wrote: pages, registries, remote hosts, containers,
packages, commits that came with the repository. A network address in an argument counts for every
program but those that only handle text. This machine's own servers are inside.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from codemem_core.distil.provenance.shell import Simple, pipelines

_OUTSIDE = frozenset(
    "curl wget http https xh httpie aria2c lynx w3m links elinks telnet nc ncat netcat socat ftp"
    " lftp sftp scp ssh mosh rsync rclone dig nslookup whois host gh glab hub tea kubectl oc helm"
    " k9s docker podman nerdctl crictl docker-compose aws gcloud gsutil az heroku fly flyctl vercel"
    " netlify firebase supabase wrangler railway doctl terraform pulumi stripe sentry-cli jira"
    " linear acli slack mail mutt himalaya pbpaste xclip xsel wl-paste codemem codemem-mcp telnet"
    " youtube-dl yt-dlp pandoc-url journalctl huggingface-cli hf ollama claude opencode codex"
    " copilot gemini".split()
)
_PARTLY: dict[str, frozenset[str]] = {
    name: frozenset(words.split())
    for name, words in {
        "git": "log show blame annotate whatchanged shortlog clone ls-remote fetch pull submodule"
        " cat-file format-patch notes range-diff archive",
        "npm": "install i ci add update upgrade up view info show v search s find audit outdated"
        " exec x create init docs home repo bugs fund explain pack publish whoami ping",
        "pnpm": "install i add update upgrade up view info show search audit outdated dlx create"
        " fetch",
        "yarn": "install add up upgrade upgrade-interactive info npm audit outdated dlx create",
        "bun": "install i add update pm outdated info create x",
        "pip": "install download search index show",
        "uv": "add sync lock tool pip publish",
        "poetry": "add install update lock search show self",
        "pdm": "add install update lock search show",
        "pipx": "install run upgrade",
        "conda": "install create update search",
        "mamba": "install create update search",
        "cargo": "add install search info update fetch owner publish",
        "go": "get install mod list",
        "gem": "install fetch search info list update",
        "bundle": "install update add info outdated",
        "composer": "install require update search show outdated",
        "brew": "install info search upgrade update fetch desc",
        "apt": "install update upgrade search show policy",
        "apt-get": "install update upgrade download source",
        "apt-cache": "search show policy",
        "dnf": "install update search info upgrade",
        "yum": "install update search info upgrade",
        "apk": "add update search info upgrade",
        "pacman": "-S -Sy -Syu -Ss -Si",
        "dotnet": "add restore nuget",
        "mix": "deps.get hex.info",
        "playwright": "install open",
        "yarnpkg": "install add",
    }.items()
}
"""Programs of which only some subcommands bring text from outside."""
_ALIASES = {"pip3": "pip", "mvnw": "mvn", "gradlew": "gradle"}
_BARE_INSTALLS = frozenset({"yarn", "bundle", "pnpm"})
"""Programs that install when they are given no subcommand."""
_INERT = frozenset(
    "git echo printf cat grep egrep fgrep rg ag sed awk gawk test [ [[ export set alias cd ls find"
    " head tail sort uniq wc tr cut tee diff cp mv rm mkdir touch ln chmod sleep true false read"
    " local declare unset return".split()
)
"""Programs to which an address is only text."""
_INTERPRETERS = re.compile(r"(?:python|pypy|node|nodejs|deno|bun|ruby|perl|php|tsx|ts-node)[\d.]*$")
_SHELLS = frozenset({"sh", "bash", "zsh", "dash", "ksh", "fish", "eval"})
_INLINE = frozenset({"-c", "-e", "--eval", "-p", "--print", "-r", "-pe", "-ne", "-lc", "-ic"})
_NETWORK = re.compile(
    r"\b(?:urllib|urlopen|requests\.|httpx|aiohttp|http\.client|socket|fetch\s*\(|axios|got\s*\("
    r"|XMLHttpRequest|Net::HTTP|LWP|file_get_contents|WebSocket)"
)
_WRAPPERS: dict[str, frozenset[str]] = {
    name: frozenset(valued.split())
    for name, valued in {
        "sudo": "-u -g -h -p -C -U",
        "doas": "-u -C",
        "env": "-u -C -S",
        "time": "-o -f",
        "nohup": "",
        "nice": "-n",
        "ionice": "-c -n",
        "stdbuf": "-i -o -e",
        "xargs": "-n -I -P -L -d -a -s -E",
        "timeout": "-k -s",
        "gtimeout": "-k -s",
        "command": "",
        "builtin": "",
        "exec": "-a",
        "setsid": "",
        "watch": "-n -d",
        "caffeinate": "-t -w",
        "strace": "-e -o -p",
        "unbuffer": "",
        "rtk": "",
        "npx": "-p --package -c",
        "bunx": "-p --package",
        "uvx": "--from --with -p --python",
        "dotenv": "-e -f",
        "cross-env": "",
        "doppler": "",
        "then": "",
        "do": "",
        "else": "",
        "elif": "",
        "if": "",
        "while": "",
        "until": "",
        "!": "",
        "{": "",
    }.items()
}
"""Programs that run another one, with their options that take a value."""
_RUNNERS = {
    ("poetry", "run"), ("uv", "run"), ("pdm", "run"), ("pipenv", "run"), ("bundle", "exec"),
    ("pnpm", "exec"), ("yarn", "exec"), ("hatch", "run"), ("mise", "exec"), ("asdf", "exec"),
}  # fmt: skip
_VALUED = frozenset("-C -c -F --git-dir --work-tree --prefix --filter --cwd --dir".split())
"""Options before a subcommand that take a value."""
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*\+?=")
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://([^/\s'\"]*)|^[\w.-]+@([\w.-]+):", re.IGNORECASE)
_LOCAL = re.compile(
    r"(?:[^@]*@)?(?:localhost|[\w-]+\.localhost|127(?:\.\d+){1,3}|0\.0\.0\.0|\[?::1?\]?"
    r"|host\.docker\.internal)(?::\S*)?$",
    re.IGNORECASE,
)
_NO_NETWORK = ("file://", "data://", "sqlite://", "node://", "chrome://")
_PACKAGES = re.compile(
    r"(?:^|/)(?:node_modules|site-packages|dist-packages|vendor/bundle|\.cargo/registry"
    r"|go/pkg/mod|\.m2/repository|\.gradle/caches|\.pnpm-store|bower_components)(?:/|$)"
)
_DROPS = re.compile(r"^(?:/tmp|/var|/private/(?:tmp|var)|/dev/shm|~?/\S*Downloads)(?:/|$)")


@dataclass(frozen=True, slots=True)
class CommandReading:
    """What a command does with text from outside."""

    outside: bool = False
    """Whether its output may hold some."""
    writes: tuple[str, ...] = ()
    """Files and folders it puts some into, as they are named in it."""
    reads: tuple[str, ...] = ()
    """Arguments that may be files it prints."""


def read_command(command: str) -> CommandReading:
    """Say what a shell command brings from outside."""
    outside, writes, reads = False, [], []
    for pipeline in pipelines(command):
        programs = [_unwrapped(simple) for simple in pipeline]
        brings = [_brings(words, simple) for words, simple in zip(programs, pipeline, strict=True)]
        reads += [word for words in programs for word in words[1:] if _may_be_path(word)]
        if not any(brings):
            continue
        outside = True
        for words, simple, brought in zip(programs, pipeline, brings, strict=True):
            writes += simple.writes
            writes += _targets(words) if brought else []
            writes += words[1:] if words[:1] == ["tee"] else []
    return CommandReading(outside, tuple(dict.fromkeys(writes)), tuple(dict.fromkeys(reads)))


def is_foreign_path(path: str, cwd: str | None) -> bool:
    """Say whether a file belongs to a package or to a place where downloads land."""
    if _PACKAGES.search(path):
        return True
    inside = cwd is not None and (path == cwd or path.startswith(cwd.rstrip("/") + "/"))
    return not inside and (bool(_DROPS.match(path)) or "/tool-results/" in path)


def resolved(path: str, cwd: str | None) -> str:
    """Return a path as it is compared: absolute where the folder is known, without `.` and `..`."""
    return posixpath.normpath(posixpath.join(cwd or "", path))


def is_local(address: str) -> bool:
    """Say whether an address, `scheme://` or not, is this machine's own."""
    _, _, rest = address.rpartition("://")
    return bool(_LOCAL.match(rest.partition("/")[0]))


def _unwrapped(simple: Simple) -> list[str]:
    """Return the words of the program that runs in the end, its name without a folder."""
    words = list(simple.words)
    for _ in range(8):
        while words and _ASSIGNMENT.match(words[0]):
            words.pop(0)
        if not words:
            return []
        name = posixpath.basename(words[0]).partition("==")[0]
        words[0] = _ALIASES.get(name, name)
        if tuple(words[:2]) in _RUNNERS:
            words = words[2:]
        elif words[0] in _WRAPPERS and not _fetches_package(words):
            words = _behind_options(words[1:], _WRAPPERS[words[0]], words[0])
        else:
            return words
    return words


def _fetches_package(words: Sequence[str]) -> bool:
    """Say whether `npx` and the like name a package of a registry, not one that is installed."""
    return words[0] in {"npx", "bunx"} and any(
        word in {"-y", "--yes", "-p", "--package"} or "@" in word[1:] for word in words[1:3]
    )


def _behind_options(words: list[str], valued: frozenset[str], program: str) -> list[str]:
    at = 0
    while at < len(words) and words[at].startswith("-"):
        at += 2 if words[at] in valued else 1
    if program in {"timeout", "gtimeout"}:
        at += 1  # the duration
    return words[at:]


def _brings(words: Sequence[str], simple: Simple) -> bool:
    """Say whether a program's output may hold text from outside."""
    if not words:
        return False
    name, arguments = words[0], words[1:]
    if name in _OUTSIDE:
        return not _asks_this_machine(name, arguments)
    if name in _SHELLS:
        return _runs_outside(name, arguments, simple)
    if name in _PARTLY:
        return _subcommand(arguments, name) in _PARTLY[name]
    fetches = name in {"npx", "bunx"}  # only those are left that fetch a package
    if fetches or (_INTERPRETERS.match(name) and _script_is_outside(arguments, simple)):
        return True
    return name not in _INERT and any(_is_outside_address(word) for word in arguments)


def _asks_this_machine(name: str, arguments: Sequence[str]) -> bool:
    """Say whether a client names only servers of this machine."""
    if name not in {"curl", "wget", "http", "https", "xh", "nc", "ncat", "telnet"}:
        return name in {"docker", "podman"} and arguments[:1] in (["ps"], ["images"], ["version"])
    named = [word for word in arguments if not word.startswith("-") and _may_be_host(word)]
    return bool(named) and all(is_local(word) for word in named)


def _may_be_host(word: str) -> bool:
    return "://" in word or is_local(word) or bool(re.match(r"[\w-]+(?:\.[\w-]+)+(?:[:/]|$)", word))


def _runs_outside(name: str, arguments: Sequence[str], simple: Simple) -> bool:
    """Say whether a shell runs a command, given as text, that brings something from outside."""
    script = simple.stdin
    if name == "eval":
        script = " ".join(arguments)
    for option, value in pairwise(arguments):
        if option in _INLINE:
            script += "\n" + value
    return bool(script) and read_command(script).outside


def _script_is_outside(arguments: Sequence[str], simple: Simple) -> bool:
    """Say whether a script given in the command itself uses the network."""
    inline = [value for option, value in pairwise(arguments) if option in _INLINE]
    text = "\n".join([simple.stdin, *inline])
    if any(not is_local(found[0]) for found in re.finditer(r"https?://[^\s'\"/)]+", text)):
        return True
    return bool(_NETWORK.search(text)) and not re.search(r"localhost|127\.0\.0\.1", text)


def _subcommand(arguments: Sequence[str], name: str) -> str:
    """Return the first argument that is no option: of git without those of `-C` and `-c`."""
    at = 0
    while at < len(arguments):
        if name == "pacman" or not arguments[at].startswith("-"):
            return arguments[at]
        at += 2 if arguments[at] in _VALUED else 1
    return "install" if name in _BARE_INSTALLS else ""


def _is_outside_address(word: str) -> bool:
    found = _ADDRESS.search(word)
    if not found or word.startswith(_NO_NETWORK):
        return False
    return not is_local(found[1] if found[1] is not None else found[2])


def _targets(words: Sequence[str]) -> list[str]:
    """Return the files into which a program that fetches writes what it got."""
    targets = []
    name, arguments = words[0], list(words[1:])
    for at, word in enumerate(arguments):
        value = arguments[at + 1] if at + 1 < len(arguments) else ""
        if word in {"-o", "--output", "--output-document", "-d", "--dest", "--dir", "-P"} and value:
            targets.append(value)
        elif word.startswith(("--output=", "--output-document=", "--dest=")):
            targets.append(word.partition("=")[2])
        elif word.startswith("-O") and name == "wget" and (word[2:] or value):
            targets.append(word[2:] or value)
    plain = [word for word in arguments if not word.startswith("-")]
    if name in {"git", "gh"} and "clone" in plain:
        place = plain[plain.index("clone") + 1 :]
        targets += [place[-1].removesuffix(".git").rpartition("/")[2]] if place else []
        targets += place[1:2]
    elif name in {"scp", "rsync", "sftp"}:
        targets += [word for word in plain[-1:] if ":" not in word]
    elif not targets or any(re.fullmatch(r"-\w*O\w*|--remote-name", word) for word in arguments):
        targets += [
            posixpath.basename(word.partition("?")[0])
            for word in plain
            if re.match(r"\w+://\S+$", word)
        ]
    return [target for target in targets if target and target not in {"-", "/dev/null"}]


def _may_be_path(word: str) -> bool:
    return bool(word) and not word.startswith("-") and len(word) < 400 and "\n" not in word
