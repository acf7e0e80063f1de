// What the model can ask codemem itself.

import { cleaned } from "./clean.js";

const MOST = 50;
const MOST_CHARS = 20_000;
const KINDS = "bugfix, change, decision, discovery, exploration, feature, note or refactor";

/** Name → what it does and what it takes: `[JSON type, whether it is needed, what it means]`. */
const TOOLS = {
  "mem-status": {
    description: "Show codemem's server, log, statistics and newest memories.",
    takes: {},
  },
  "mem-stats": { description: "Show statistics of the codemem memory.", takes: {} },
  "mem-recent": {
    description: "Show the newest memories of this project.",
    takes: { limit: ["number", false, "how many; 5 when not given"] },
  },
  "mem-search": {
    description: "Search this project's memories of earlier sessions by words.",
    takes: {
      query: ["string", true, "what to search for"],
      limit: ["number", false, "how many; 5 when not given"],
    },
  },
  "mem-remember": {
    description: "Keep something for later sessions in this project.",
    takes: {
      kind: ["string", true, KINDS],
      title: ["string", true, "one line"],
      body: ["string", true, "what to remember, and why"],
    },
  },
};

/**
 * Return the tools as OpenCode takes them.
 *
 * @param {object} options
 * @param {(args: string[], options: {input: string}) => Promise<{code: number | null, stdout: string}>} options.command
 * @param {string | null} options.project
 * @param {string[]} options.places lines of `mem-status` about the server and the log
 * @param {any} options.schema zod of `@opencode-ai/plugin`, or null when it is not to be had
 */
export function makeTools({ command, project, places, schema }) {
  const scope = project ? ["--project", project] : ["--all-projects"];
  const say = async (args, input = "") => {
    const { code, stdout } = await command(args, { input });
    return code === 0
      ? stdout.trim()
      : `codemem ${args[0]} failed (exit code ${code}); see the log`;
  };
  const recent = (limit) => say(["recent", "--limit", countOf(limit), ...scope]);
  const execute = {
    "mem-status": async () => [...places, "", await say(["stats"]), "", await recent(5)].join("\n"),
    "mem-stats": () => say(["stats"]),
    "mem-recent": ({ limit }) => recent(limit),
    "mem-search": ({ query, limit }) =>
      say(["search", "--limit", countOf(limit), ...scope, "--", textOf(query)]),
    "mem-remember": async ({ kind, title, body }) => {
      const [what, head, text] = [kind, title, body].map((each) =>
        cleaned(textOf(each), MOST_CHARS),
      );
      const whose = project ? ["--project", project] : [];
      return say(["remember", "--by-model", ...whose, "--", what, head, "-"], text);
    },
  };
  return Object.fromEntries(
    Object.entries(TOOLS).map(([name, { description, takes }]) => [
      name,
      {
        description,
        args: schema ? shapesOf(takes, schema) : {},
        execute: (args) => execute[name](args ?? {}),
      },
    ]),
  );
}

/** Return the JSON schema of one of our tools' arguments, or null for another's. */
export function schemaOf(name) {
  const takes = TOOLS[name]?.takes;
  if (!takes) return null;
  const fields = Object.entries(takes).map(([field, [type, , description]]) => [
    field,
    { type, description },
  ]);
  const required = Object.keys(takes).filter((field) => takes[field][1]);
  return { type: "object", properties: Object.fromEntries(fields), required };
}

function shapesOf(takes, schema) {
  const fields = Object.entries(takes).map(([field, [type, isNeeded, description]]) => {
    const shape = schema[type]().describe(description);
    return [field, isNeeded ? shape : shape.optional()];
  });
  return Object.fromEntries(fields);
}

function countOf(limit) {
  const count = Math.trunc(Number(limit));
  return String(count >= 1 ? Math.min(count, MOST) : 5);
}

function textOf(value) {
  return String(value ?? "")
    .toWellFormed()
    .replaceAll("\0", "")
    .slice(0, MOST_CHARS);
}
