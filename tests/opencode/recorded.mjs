// What the real client handed to a plugin, replayed, and a codemem server to receive what comes of it.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { mkdtemp, mkdir, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";

export const PLUGIN = new URL(
  "../../codemem_opencode/src/codemem_opencode/opencode_plugin/",
  import.meta.url,
);

// A plugin that a test starts without a HOME must not write into the developer's.
const home = mkdtempSync(join(tmpdir(), "codemem-home-"));
process.env.HOME = home;
process.on("exit", () => rmSync(home, { recursive: true }));

/** Import a module of the plugin. */
export const load = (path) => import(new URL(path, PLUGIN));

/** Return a recording's rows: `{hook, event}` or `{hook, input, output}`. */
export function recorded(name) {
  const file = new URL(`fixtures/${name}.jsonl`, import.meta.url);
  return readFileSync(file, "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
}

/** Run a recording through a `Capture` and return its events. */
export function replay(name, capture) {
  return recorded(name).flatMap(({ hook, event, input, output }) => {
    if (hook === "event") return capture.event(event);
    return hook === "chat.message" ? capture.prompt(input, output) : capture.tool(input, output);
  });
}

/**
 * Start a server on a Unix socket in a private folder; it answers what `answer(path, body)` says
 * (`{status, json, afterMs}`) and keeps what it was asked.
 */
export async function serve(t, answer = () => ({})) {
  const home = await mkdtemp(join(tmpdir(), "codemem-"));
  const database = join(home, "mem.sqlite");
  const socket = join(home, "run", "mem.sqlite.sock");
  await mkdir(join(home, "run"), { mode: 0o700 });
  const asked = [];
  const server = createServer((request, response) => {
    const chunks = [];
    request.on("data", (chunk) => chunks.push(chunk));
    request.on("end", () => {
      const body = chunks.length ? JSON.parse(Buffer.concat(chunks)) : null;
      // The look whether anybody is there is nothing to tell of.
      if (body) asked.push({ path: request.url, headers: request.headers, body });
      const { status = 200, json = {}, afterMs = 0 } = answer(request.url, body);
      setTimeout(() => response.writeHead(status).end(JSON.stringify(json)), afterMs);
    });
  });
  await new Promise((resolve) => server.listen(socket, resolve));
  t.after(async () => {
    server.closeAllConnections();
    server.close();
    await rm(home, { recursive: true });
  });
  return { home, database, socket, asked };
}
