// codemem inside OpenCode: wiring only. What each part does stands in lib/.
//
// One default export and no other: OpenCode calls every exported function as a plugin and refuses
// a file that exports anything else.

import { Capture } from "./lib/capture.js";
import { Delivery } from "./lib/delivery.js";
import { enqueueByCommand } from "./lib/command.js";
import { Injection, isMainAgent } from "./lib/inject.js";
import { isOff, projectOf, readSettings } from "./lib/settings.js";
import { post } from "./lib/server.js";

// OpenCode makes one plugin for each open folder; two copies of this file in one folder are one.
const LOADED = Symbol.for("codemem.opencode.folders");

export default async function codemem({ directory, worktree }) {
  const folders = (globalThis[LOADED] ??= new Set());
  if (isOff(process.env) || folders.has(directory)) return {};
  folders.add(directory);

  const settings = readSettings(process.env);
  const project = projectOf(process.env, { directory, worktree });
  const send = (path, body, timeoutMs) => post(settings.socket, path, body, { timeoutMs });
  const capture = new Capture({ maxChars: settings.maxEventChars });
  const delivery = new Delivery({
    post: (body) => send("/api/raw-events", body, settings.postTimeoutMs),
    enqueue: (body) => enqueueByCommand(body, { timeoutMs: settings.commandTimeoutMs }),
    backoffMs: settings.backoffMs,
    hardMax: settings.hardMax,
  });
  const injection = new Injection({
    ask: (body) => send("/api/pack", body, settings.injectMs),
    project,
    limit: settings.injectLimit,
    tokenBudget: settings.injectTokenBudget,
  });
  const deliver = (events) => {
    if (settings.captures) delivery.add(events, { cwd: directory, project });
  };

  return {
    event: safely(({ event }) => deliver(capture.event(event))),
    "chat.message": safely((input, output) => {
      deliver(capture.prompt(input, output));
      if (settings.injects) injection.prepare(capture.session(input.sessionID));
    }),
    "tool.execute.after": safely((input, output) => deliver(capture.tool(input, output))),
    "experimental.chat.system.transform": safely(async (input, output) => {
      if (!settings.injects || !input.sessionID || !isMainAgent(output.system)) return;
      const text = await injection.text(capture.session(input.sessionID));
      if (text) output.system.push(text);
    }),
    dispose: safely(async () => {
      folders.delete(directory);
      await delivery.drain(settings.disposeMs);
    }),
  };
}

// An event hook that throws hangs `opencode run`; any other fails the prompt. Memory is worth neither.
function safely(hook) {
  return async (...hookArguments) => {
    try {
      await hook(...hookArguments);
    } catch {
      // Nothing to tell anybody: OpenCode shows a plugin's output in the middle of its own.
    }
  };
}
