// What the plugin adds to a prompt and to a tool call; `opencode.py` starts it with a warm server.

import { createHash } from "node:crypto";

const [plugin, directory, rounds] = process.argv.slice(2);
const { start } = await import(new URL("lib/plugin.js", `file://${plugin}/`));
const hooks = await start({ directory, worktree: directory, client: {} }, process.env);
const topics = "cache parser invoice login export scheduler search upload billing report".split(
  " ",
);
const sessionID = "ses_benchmark";
const output = createHash("sha256").update("x").digest("hex").repeat(120); // what the plugin keeps: 8,000
const taken = { prompt: [], tool: [] };
let injected = 0;

for (let n = 0; n < Number(rounds); n += 1) {
  const text = `why did the ${topics[n % 10]} of module ${n} fail when the ${topics[(n * 7) % 10]} was empty`;
  const info = { id: `msg_${n}`, role: "user", sessionID };
  const parts = [{ type: "text", text }];

  const began = performance.now();
  await hooks["chat.message"]({ sessionID }, { message: info, parts });
  await hooks["experimental.chat.messages.transform"]({}, { messages: [{ info, parts }] });
  taken.prompt.push(performance.now() - began);
  injected += parts.length - 1;

  const called = performance.now();
  const call = {
    tool: "bash",
    sessionID,
    callID: `call_${n}`,
    args: { command: "ls", description: text },
  };
  await hooks["tool.execute.after"](call, { title: "", output, metadata: { exit: 0 } });
  taken.tool.push(performance.now() - called);
  await new Promise((resolve) => setTimeout(resolve, 20)); // a person, and a model, take longer
}
await hooks.dispose();

const ordered = Object.fromEntries(
  Object.entries(taken).map(([name, ms]) => [name, ms.toSorted((a, b) => a - b)]),
);
console.log(JSON.stringify({ ...ordered, injected }));
