"""Every setting of codemem, once; `docs/settings.md` is made from this table.

Light: the hook path imports it.
"""

from __future__ import annotations

from codemem_core.config.setting import Setting, Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


def _works(  # noqa: PLR0913 - a row has as many columns as it has
    env: str,
    kind: str,
    default: Value,
    *,
    help: str,
    key: str = "",
    least: float | None = None,
    secret: bool = False,
    status: str = "",
) -> Setting:
    """Return a setting whose key in the config file is `key`, else made from its variable."""
    return Setting(
        key or env.removeprefix("CODEMEM_").lower(),
        env,
        kind=kind,
        default=default,
        least=least,
        secret=secret,
        help=help,
        status=status,
    )


def _later(  # noqa: PLR0913
    env: str, kind: str, default: Value, *, help: str, key: str = "", least: float | None = None
) -> Setting:
    """Return a setting that is read and checked, but changes nothing yet."""
    return _works(env, kind, default, help=help, key=key, least=least, status="not yet in effect")


# A table is read down its columns, so the formatter leaves it alone.
# fmt: off
_PLACES = (
    _works("CODEMEM_DB", "path", "~/.codemem/mem.sqlite",
           help="The database; `--db-path` means the same."),
    _works("CODEMEM_BACKUPS", "number", 7, least=1,
           help="Backups `codemem db backup` keeps of a database."),
    _works("CODEMEM_CONFIG", "path", "~/.config/codemem/config.json",
           help="The config file, JSON or JSONC; only the environment can name it. Without it, "
                "`config.jsonc` is tried after `config.json`."),
    _works("CODEMEM_PROJECT", "text", None,
           help="Project label for everything this process records and asks; a path counts by its "
                "last part. Without it, the repository or folder names the project."),
)
_PLUGINS = (
    _works("CODEMEM_DISABLED_PLUGINS", "names", [],
           help="Plugins that are not even imported, by name; like `-p no:NAME`."),
    _works("CODEMEM_PLUGINS_DISABLE", "names", [],
           help="Another name of `CODEMEM_DISABLED_PLUGINS`; both count."),
    _works("CODEMEM_PLUGINS_ALLOW", "names", [],
           help="Strict mode: load no plugin of others but those of these distributions "
                "(`codemem-foo`). Empty: installing a plugin is consent."),
    _works("CODEMEM_PLUGIN_TIMEOUT_MS", "number", 5000, least=1,
           help="Milliseconds a call of somebody else's plugin may take on an event's way; to load "
                "it, six times as long. After three faults it is not called again."),
    _works("CODEMEM_TRACE_HOOKS", "flag", False,
           help="Write every hook call to stderr."),
)
_HOSTS = (
    _works("CODEMEM_PLUGIN_IGNORE", "flag", False,
           help="Skip all host hooks of this process; set for the observer's own children."),
    _works("CODEMEM_PLUGIN_LOG", "text", None,
           help="Log file of the host plugins; on or off mean `~/.codemem/plugin.log`, where "
                "failures of hooks go anyway."),
    _works("CODEMEM_PLUGIN_LOG_PATH", "path", None,
           help="Log file of hooks; wins over `CODEMEM_PLUGIN_LOG`."),
    _works("CODEMEM_RUNNER", "text", None,
           help="How plugins run codemem: `uvx` lets them fetch it where none is installed; "
                "plugins in JavaScript also take `uv` or a path. Without it the installed "
                "`codemem`; a published release may be fetched."),
    _works("CODEMEM_RUNNER_FROM", "text", None,
           help="Folder for `uv run --directory`, or source for `uvx --from`. Without a folder "
                "`uv` runs the checkout the plugin lies in."),
)
_SPOOL = (
    _works("CODEMEM_CLAUDE_HOOK_LOCK_DIR", "path", "~/.codemem/claude-hook-ingest.lock",
           help="Folder that is locked while a hook that found no server writes to the database: "
                "one at a time; who waits longer than a second spools."),
    _works("CODEMEM_CLAUDE_HOOK_LOCK_TTL_S", "real", 300.0, least=0,
           help="Seconds after which a lock of a release before 1.0, and what a killed hook left "
                "half written in the spool, is taken over. Our own locks end with their process."),
    _works("CODEMEM_CLAUDE_HOOK_LOCK_GRACE_S", "real", 2.0, least=0,
           help="Seconds such a lock may lack its owner before it counts as left behind."),
    _works("CODEMEM_CLAUDE_HOOK_SPOOL_DIR", "path", "~/.codemem/claude-hook-spool",
           help="Where hooks keep events when neither server nor database takes them."),
    _works("CODEMEM_SPOOL_MAX_FILES", "number", 20000, least=1,
           help="Payloads the spool keeps; more are refused, logged and counted."),
    _works("CODEMEM_SPOOL_MAX_BYTES", "number", 268435456, least=1,
           help="Bytes the spool keeps, likewise."),
)
_INJECTION = (
    _works("CODEMEM_INJECT_CONTEXT", "flag", True,
           help="Put a pack of memories into prompts."),
    _works("CODEMEM_INJECT_BRIEF", "flag", True,
           help="Tell a new session what the last one did and left open."),
    _works("CODEMEM_OTLP_ENDPOINT", "text", None,
           help="An OpenTelemetry collector on this machine, such as `http://127.0.0.1:4318`, that "
                "gets the server's spans; needs `codemem-viewer[telemetry]`."),
    _works("CODEMEM_HOLDOUT_PERCENT", "number", 0, least=0,
           help="Of a hundred sessions, so many get no memories, chosen by their id: "
                "`codemem benefit` compares them with the others."),
    _works("CODEMEM_INJECT_LIMIT", "number", 8, least=0,
           help="Memories in an injected pack, at most."),
    _works("CODEMEM_INJECT_TOKEN_BUDGET", "number", 800, least=0,
           help="Tokens of an injected pack, about."),
    _works("CODEMEM_LEARNING", "flag", True,
           help="Rank higher what sessions used after they were told it, and lower what they never "
                "did; off, only the words and the memory itself count."),
    _works("CODEMEM_INJECT_MAX_CHARS", "number", 16000,
           help="Characters of an injected pack, at most; 0 sets no limit."),
    _works("CODEMEM_INJECT_HTTP_CONNECT_TIMEOUT_S", "real", 1.0, least=0,
           help="Seconds injection waits for the server to accept the connection."),
    _works("CODEMEM_INJECT_HTTP_MAX_TIME_S", "real", 2.0, least=0,
           help="Seconds injection waits for the server in all."),
    _works("CODEMEM_INJECT_HTTP_FALLBACK", "flag", True,
           help="Ask the server for the pack when the database cannot be read directly."),
    _works("CODEMEM_INJECT_ALLOW_UVX", "flag", False,
           help="Let the inject script use `uvx`; off, because it delays every prompt."),
)
_SERVER = (
    _works("CODEMEM_VIEWER", "flag", True, key="viewer_enabled",
           help="Use the server at all."),
    _works("CODEMEM_VIEWER_HOST", "text", "127.0.0.1",
           help="Address the server listens on and clients ask."),
    _works("CODEMEM_VIEWER_PORT", "number", 38888, least=0,
           help="Port of the server."),
    _works("CODEMEM_VIEWER_AUTO", "flag", True,
           help="Start the server with a session when none runs."),
    _works("CODEMEM_VIEWER_AUTO_STOP", "flag", True,
           help="A server that a hook started ends when nobody has used it for 5 minutes."),
    _works("CODEMEM_VIEWER_UNUSED_S", "real", 0.0, least=0,
           help="Seconds after which a server ends that nobody asks anything, unless events wait "
                "to be flushed; 0 lets it run."),
    _works("CODEMEM_VIEWER_TOKEN", "text", None, secret=True,
           help="Token that TCP clients must show, 128 random bits or more; when unset, a new one "
                "in `viewer.token` beside the database at each start."),
    _later("CODEMEM_VIEWER_PID", "path", None,
           help="Pid file of the background server; `viewer.pid` beside the database when unset."),
)
_QUEUE = (
    _works("CODEMEM_RAW_EVENTS_AUTO_FLUSH", "flag", False,
           help="Flush a session a while after its last event."),
    _works("CODEMEM_RAW_EVENTS_DEBOUNCE_MS", "number", 60000,
           help="That while, in milliseconds; 0 flushes at once."),
    _works("CODEMEM_RAW_EVENTS_SWEEPER", "flag", True,
           help="Look for idle sessions regularly and flush them."),
    _works("CODEMEM_RAW_EVENTS_SWEEPER_INTERVAL_MS", "number", 30000, least=1,
           help="Milliseconds between two looks."),
    _works("CODEMEM_RAW_EVENTS_SWEEPER_INTERVAL_S", "number", 30, least=1,
           help="The same in seconds; counts when the milliseconds are not set."),
    _works("CODEMEM_RAW_EVENTS_SWEEPER_IDLE_MS", "number", 120000, least=0,
           help="Milliseconds without an event that make a session idle."),
    _works("CODEMEM_RAW_EVENTS_OPEN_TURN_MS", "number", 1_800_000, least=0,
           help="Milliseconds without an event after which a turn that is still open is flushed; an"
           " idle time that is set counts instead, unless this one is set, too."),
    _works("CODEMEM_RAW_EVENTS_SWEEPER_LIMIT", "number", 25, least=1,
           help="Idle sessions flushed at one look, at most."),
    _works("CODEMEM_RAW_EVENTS_STUCK_BATCH_MS", "number", 300000,
           help="Milliseconds after which a flush that does not end counts as failed; 0 sets no "
                "limit."),
    _works("CODEMEM_RAW_EVENTS_RETENTION_MS", "number", 0, least=0,
           help="Delete flushed raw events older than this, in milliseconds; 0 keeps them. Events "
                "that still wait, or whose flush was given up, stay."),
    _works("CODEMEM_RAW_EVENTS_MAX_BODY_BYTES", "number", 1048576, least=1,
           help="Bytes of one request with events, at most."),
    _works("CODEMEM_RAW_EVENTS_WORKER_MAX_EVENTS", "number", 250,
           help="Events of one flush, at most; 0 sets no limit."),
)
_OBSERVER = (
    _works("CODEMEM_OBSERVER_RUNTIME", "text", "api_http",
           help="What turns events into memories; `codemem plugins` lists the runtimes. "
                "`extractive` needs no model and steps in when there is no credential."),
    _works("CODEMEM_OBSERVER_PROVIDER", "text", None,
           help="`openai`, `anthropic`, or a name for a provider of your own; guessed from the "
                "model when unset."),
    _works("CODEMEM_OBSERVER_MODEL", "text", None,
           help="Model; when unset `gpt-5.1-codex-mini`, or `claude-4.5-haiku` for Anthropic and "
                "the Claude sidecar."),
    _works("CODEMEM_OBSERVER_BASE_URL", "text", None,
           help="Where a provider of your own answers."),
    _works("CODEMEM_OBSERVER_API_KEY", "text", None, secret=True,
           help="API key; wins over every auth source in `auto`."),
    _works("CODEMEM_OBSERVER_AUTH_SOURCE", "text", "auto",
           help="Where the credential comes from: `auto`, `env`, `file`, `command`, `none`, or "
                "what a plugin adds."),
    _works("CODEMEM_OBSERVER_AUTH_FILE", "text", None,
           help="File with the token, for `file`; `~` and `$NAME` in its path are filled in."),
    _works("CODEMEM_OBSERVER_AUTH_COMMAND", "argv", [], secret=True,
           help="Command that prints the token, for `command`; run without a shell."),
    _works("CODEMEM_OBSERVER_AUTH_TIMEOUT_MS", "number", 1500, least=0,
           help="Milliseconds that command may take."),
    _works("CODEMEM_OBSERVER_AUTH_CACHE_TTL_S", "number", 300, least=0,
           help="Seconds a token from `file` or `command` is kept; 0 keeps none."),
    _works("CODEMEM_OBSERVER_HEADERS", "mapping", {}, secret=True,
           help="Headers for the provider; `${auth.token}`, `${auth.type}` and `${auth.source}` "
                "are filled in."),
    _works("CODEMEM_OBSERVER_MAX_CHARS", "number", 12000, least=1,
           help="Characters of one prompt to the observer, at most."),
    _works("CODEMEM_OBSERVER_MAX_TOKENS", "number", 4000, least=1,
           help="Tokens of its answer, at most."),
    _works("CODEMEM_OBSERVER_PLAIN_HOSTS", "names", [],
           help="Hosts that may be asked over plain `http`, beside this machine: a model server "
                "at home."),
    _works("CODEMEM_OBSERVER_BUDGET_TOKENS_DAY", "number", 0, least=0,
           help="Tokens of one day (UTC), both ways, at most; 0 sets no limit. At a limit "
                "`extractive` steps in; `codemem usage` shows what was spent."),
    _works("CODEMEM_OBSERVER_BUDGET_TOKENS_SESSION", "number", 0, least=0,
           help="Tokens of one session, at most; 0 sets no limit."),
    _works("CODEMEM_OBSERVER_BUDGET_USD_DAY", "real", 0.0, least=0,
           help="US dollars of one day (UTC), at most; 0 sets no limit. A model without a price "
                "is not asked then."),
    _works("CODEMEM_OBSERVER_BUDGET_USD_SESSION", "real", 0.0, least=0,
           help="US dollars of one session, at most; 0 sets no limit."),
    _works("CODEMEM_OBSERVER_PRICES", "mapping", {},
           help="Prices that stand over the built-in ones: model to `input cached output`, in US "
                "dollars for a million tokens."),
)
_RETRIEVAL = (
    _works("CODEMEM_EMBEDDING_DISABLED", "flag", False,
           help="Search by words only, even if an embedder is installed."),
    _works("CODEMEM_EMBEDDER", "text", "bge",
           help="What turns text into vectors: `bge` of `codemem[semantic]`, `endpoint`, or what a "
                "plugin adds. One that is not installed means search by words."),
    _works("CODEMEM_EMBEDDING_MODEL", "text", "BAAI/bge-small-en-v1.5",
           help="Model of the embedder."),
    _works("CODEMEM_EMBEDDING_PATH", "path", "~/.codemem/models/bge-small-en-v1.5",
           help="Folder with `model.onnx` and `tokenizer.json`, for `bge`; `codemem db embed "
                "--install` fills it."),
    _works("CODEMEM_EMBEDDING_BASE_URL", "text", None,
           help="Where an OpenAI-compatible server answers `/embeddings`, for `endpoint`."),
    _works("CODEMEM_EMBEDDING_API_KEY", "text", None, secret=True,
           help="Its API key, if it wants one."),
)
# fmt: on

_SECTIONS = {
    "Where things are": _PLACES,
    "Plugins": _PLUGINS,
    "Host plugins": _HOSTS,
    "Without a server": _SPOOL,
    "Injection": _INJECTION,
    "The server": _SERVER,
    "The queue of raw events": _QUEUE,
    "The observer": _OBSERVER,
    "Retrieval": _RETRIEVAL,
}
TABLE = tuple(setting for section in _SECTIONS.values() for setting in section)
for _title, _settings in _SECTIONS.items():
    for _setting in _settings:
        _setting.section = _title


def by_section(settings: Iterable[Setting]) -> dict[str, list[Setting]]:
    """Return settings by theme, as pages and the documentation list them: ours, then plugins'."""
    sections: dict[str, list[Setting]] = {title: [] for title in _SECTIONS}
    for setting in settings:
        sections.setdefault(setting.section or "Plugins' own", []).append(setting)
    return sections
