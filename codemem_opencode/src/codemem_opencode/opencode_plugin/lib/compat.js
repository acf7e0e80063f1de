// Whether the codemem that the plugin calls is new enough, and what to do when it is not.

const VERSION = /^\s*(\d+)\.(\d+)\.(\d+)\s*$/;

/** Say whether a version is older than another; what is no `X.Y.Z` counts as older. */
export function isOlder(version, minimum) {
  const have = VERSION.exec(version)?.slice(1).map(Number);
  const want = VERSION.exec(minimum)?.slice(1).map(Number);
  if (!have || !want) return !have;
  const at = want.findIndex((number, place) => number !== have[place]);
  return at >= 0 && have[at] < want[at];
}

/** @returns {"package" | "git" | "custom"} what kind of source uvx takes codemem from */
export function sourceKind(from) {
  if (!from || /^[A-Za-z0-9][\w.-]*(?:\[[\w,-]*\])?(?:[=<>!~]=?[\w.*,=<>!~-]+)?$/.test(from))
    return "package";
  return /^git[+@:]|^ssh:|\.git(?:@|#|$)/.test(from) ? "git" : "custom";
}

/** Say what the user can do, by how codemem is run. */
export function guidance({ kind, from }) {
  const restart = "then restart OpenCode";
  if (kind === "uv")
    return `Pull the latest changes in your repository, run \`uv sync\`, ${restart}.`;
  if (kind !== "uvx") return `Run \`uv tool install --upgrade codemem\`, ${restart}.`;
  return {
    package: `Update CODEMEM_RUNNER_FROM (or the plugin), ${restart}.`,
    git: `Point CODEMEM_RUNNER_FROM at a newer ref or source, ${restart}.`,
    custom: `Update CODEMEM_RUNNER_FROM, ${restart}.`,
  }[sourceKind(from)];
}

/**
 * Return the command that updates codemem, or null where that is the user's business: a checkout,
 * and a source pinned to a git ref.
 */
export function updateCommand({ kind, from, prefix }, { version, find }) {
  if (kind === "uv" || (kind === "uvx" && isPinned(from))) return null;
  if (kind === "uvx")
    return [prefix[0], "--refresh", "--from", from ?? `codemem==${version}`, "codemem", "version"];
  const uv = find("uv");
  return uv && [uv, "tool", "install", "--upgrade", "codemem"];
}

function isPinned(from) {
  return (
    sourceKind(from) === "git" && (from ?? "").replace(/#.*/, "").split("/").at(-1).includes("@")
  );
}

/**
 * Compare versions, update if the user's policy says so, and tell the user what is left to do.
 *
 * @param {object} check
 * @param {import("./programs.js").Runner} check.runner
 * @param {string} check.minimum
 * @param {"notify" | "auto" | "off"} check.policy
 * @param {() => Promise<string>} check.installed asks codemem for its version
 * @param {string[] | null} check.update
 * @param {(argv: string[]) => Promise<{code: number | null}>} check.run
 * @param {() => Promise<void>} check.updated called after an update that helped
 * @param {(message: string) => void} check.warn
 * @param {(text: string) => void} check.problem
 */
export async function checkCompatibility(check) {
  let version = await check.installed();
  if (!isOlder(version, check.minimum)) return;
  check.problem(`codemem is ${version || "missing"}, the plugin needs ${check.minimum}`);
  if (check.policy === "off") return;
  if (check.policy === "auto" && check.update) {
    await check.run(check.update);
    version = await check.installed();
    if (!isOlder(version, check.minimum)) return check.updated();
    check.problem(`codemem is ${version || "missing"} after the update, too`);
  }
  const what = version
    ? `codemem ${version} is older than ${check.minimum}.`
    : "codemem was not found.";
  check.warn(`${what} ${guidance(check.runner)}`);
}
