// What the user chose: the environment over the config file over the default.

const ON = new Set(["1", "true", "yes", "on"]);
const OFF = new Set(["0", "false", "off", "no"]);

/** Say whether the plugin is to do nothing: codemem sets this for the observers it starts. */
export function isOff(env) {
  return ON.has((env.CODEMEM_PLUGIN_IGNORE ?? "").trim().toLowerCase());
}

/** Return the settings; a value that cannot be used counts as not set. */
export function readSettings(env, file = {}) {
  const { text, flag, number } = reader(env, file);
  return {
    database: text("CODEMEM_DB") ?? "~/.codemem/mem.sqlite",
    project: text("CODEMEM_PROJECT"),
    spool: text("CODEMEM_CLAUDE_HOOK_SPOOL_DIR") ?? "~/.codemem/claude-hook-spool",
    spoolFiles: number("CODEMEM_SPOOL_MAX_FILES", 20_000),
    spoolBytes: number("CODEMEM_SPOOL_MAX_BYTES", 256 * 1024 * 1024),
    log: text("CODEMEM_PLUGIN_LOG"),
    debugs: flag("CODEMEM_PLUGIN_DEBUG", false),
    captures: flag("CODEMEM_RAW_EVENTS", true),
    maxEventChars: number("CODEMEM_PLUGIN_MAX_EVENT_CHARS", 8000),
    commandMs: number("CODEMEM_PLUGIN_CMD_TIMEOUT", 20_000, "plugin_cmd_timeout_ms"),
    backoffMs: Math.max(1000, number("CODEMEM_RAW_EVENTS_BACKOFF_MS", 10_000)),
    statusCheckMs: Math.max(1000, number("CODEMEM_RAW_EVENTS_STATUS_CHECK_MS", 30_000)),
    hardMax: number("CODEMEM_RAW_EVENTS_HARD_MAX", 2000),
    injects: flag("CODEMEM_INJECT_CONTEXT", true),
    injectLimit: number("CODEMEM_INJECT_LIMIT", 8),
    injectTokenBudget: number("CODEMEM_INJECT_TOKEN_BUDGET", 800),
    // A prompt waits this long at most, whoever is asked.
    injectMs: 1000 * number("CODEMEM_INJECT_HTTP_MAX_TIME_S", 2),
    runner: text("CODEMEM_RUNNER"),
    runnerFrom: text("CODEMEM_RUNNER_FROM"),
    minVersion: text("CODEMEM_MIN_VERSION") ?? "0.9.20",
    updatePolicy: updatePolicy(text("CODEMEM_BACKEND_UPDATE_POLICY")),
    viewer: flag("CODEMEM_VIEWER", true, "viewer_enabled"),
    viewerStarts: flag("CODEMEM_VIEWER_AUTO", true),
    viewerStops: flag("CODEMEM_VIEWER_AUTO_STOP", true),
    viewerHost: text("CODEMEM_VIEWER_HOST") ?? "127.0.0.1",
    viewerPort: number("CODEMEM_VIEWER_PORT", 38_888),
    postMs: 5000,
    // The terminal interface gives a plugin 5 s to end.
    disposeMs: 3500,
  };
}

function reader(env, file) {
  const text = (name, key = name.slice("CODEMEM_".length).toLowerCase()) => {
    const value = (env[name] ?? "").trim() || file[key];
    return ["string", "number", "boolean"].includes(typeof value)
      ? String(value).trim() || null
      : null;
  };
  const flag = (name, standard, key) => {
    const value = (text(name, key) ?? "").toLowerCase();
    return ON.has(value) || (OFF.has(value) ? false : standard);
  };
  const number = (name, standard, key) => {
    const value = Number(text(name, key) ?? NaN);
    return Number.isFinite(value) && value > 0 ? value : standard;
  };
  return { text, flag, number };
}

function updatePolicy(text) {
  const value = (text ?? "").toLowerCase();
  if (value === "auto" || ON.has(value)) return "auto";
  return OFF.has(value) ? "off" : "notify";
}
