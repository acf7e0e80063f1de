// codemem inside pi: each event goes to `codemem pi-hook`, and its answer to the model.

import { spawn } from "node:child_process";
import type { ExtensionAPI, ExtensionContext } from "@mariozechner/pi-coding-agent";

// `codemem setup pi` writes the path of the installed program here.
const PROGRAM = "codemem";
const LIMIT_MS = 5000;

export default function codemem(pi: ExtensionAPI) {
  // One after the other: codemem stores events in the order in which they come.
  let last: Promise<string> = Promise.resolve("");
  let brief: Promise<string> = last;

  function send(hook: string, ctx: ExtensionContext, fields: object): Promise<string> {
    const payload = JSON.stringify({
      hook_event_name: hook,
      session_id: ctx.sessionManager.getSessionId(),
      cwd: ctx.cwd,
      timestamp: new Date().toISOString(),
      ...fields,
    });
    last = last.then(() => answerTo(payload));
    return last;
  }

  pi.on("session_start", (event, ctx) => {
    brief = send("session_start", ctx, { source: event.reason });
  });

  pi.on("before_agent_start", async (event, ctx) => {
    const found = [await brief, await send("before_agent_start", ctx, { prompt: event.prompt })];
    brief = Promise.resolve("");
    const content = found.filter(Boolean).join("\n\n");
    return content ? { message: { customType: "codemem", content, display: false } } : undefined;
  });

  pi.on("tool_result", (event, ctx) => {
    send("tool_result", ctx, {
      tool_name: event.toolName,
      tool_call_id: event.toolCallId,
      tool_input: event.input,
      tool_output: textOf(event.content),
      is_error: event.isError,
    });
  });

  pi.on("message_end", ({ message }, ctx) => {
    if (message.role !== "assistant") return;
    const final = !message.content.some((part) => part.type === "toolCall");
    send("message_end", ctx, { text: textOf(message.content), final });
  });

  pi.on("session_shutdown", async (event, ctx) => {
    await send("session_shutdown", ctx, { reason: event.reason });
  });
}

function textOf(content: { type: string; text?: string }[]): string {
  return content.flatMap((part) => (part.type === "text" ? [part.text] : [])).join("\n");
}

/** Resolve to the context that codemem answers with; empty when there is none, or no codemem. */
function answerTo(payload: string): Promise<string> {
  return new Promise((resolve) => {
    const hook = spawn(PROGRAM, ["pi-hook"], {
      stdio: ["pipe", "pipe", "ignore"],
      timeout: LIMIT_MS,
    });
    let printed = "";
    hook.stdout.on("data", (part) => (printed += part));
    hook.stdin.on("error", () => {});
    hook.on("error", () => resolve(""));
    hook.on("close", () => resolve(contextIn(printed)));
    hook.stdin.end(payload);
  });
}

function contextIn(printed: string): string {
  try {
    return JSON.parse(printed).context ?? "";
  } catch {
    return "";
  }
}
