// What happens in OpenCode, as the events that codemem stores.
//
// Each method takes what a hook was given and returns the events it makes, often none.

import { cleaned } from "./clean.js";
import { publicText } from "./private.js";

// Characters of a prompt or an answer: a quarter of what the server takes in one request.
const MOST_WORDS = 256 * 1024;
const LIFECYCLE = new Set(["session.created", "session.deleted", "session.compacted"]);
const CHANGING = new Set(["edit", "write"]);
const PATCHED = /^\*\*\* (?:Add|Update) File: (.+)$/gm;

/** @typedef {{sessionID: string, startedAt: string | null, payload: any}} Event */

export class Capture {
  /**
   * @param {object} options
   * @param {import("./sessions.js").Sessions} options.sessions
   * @param {number} options.maxChars of one text of a tool call
   * @param {() => number} [options.now]
   */
  constructor({ sessions, maxChars, now = Date.now }) {
    this.sessions = sessions;
    this.maxChars = maxChars;
    this.now = now;
  }

  /**
   * `chat.message`: what the user typed; attached files and the like are synthetic parts.
   * @returns {Event[]}
   */
  prompt(input, output) {
    const typed = output.parts.filter(
      (part) => part.type === "text" && !part.synthetic && !part.ignored,
    );
    const text = publicText(typed.map((part) => part.text).join("\n")).trim();
    if (!text) return [];
    const session = this.sessions.get(input.sessionID);
    const before = /^\/new(\s|$)/.test(text) ? this.#boundary(session) : [];
    session.promptCount += 1;
    session.startedAt ??= this.#time();
    const prompt = {
      type: "user_prompt",
      prompt_number: session.promptCount,
      prompt_text: text,
      message_id: output.message?.id,
      parent_id: session.parentID ?? undefined,
      timestamp: this.#time(output.message?.time?.created),
    };
    const [event] = this.#events(session, prompt);
    // Without its secrets: what is searched for leaves this process too.
    const said = event.payload.prompt_text;
    session.prompts = [session.prompts[0] ?? said, said];
    return [...before, event];
  }

  /** `tool.execute.after`: a tool that returned; an MCP tool returns its raw `content`. */
  tool(input, output) {
    const { tool, sessionID, callID, args } = input;
    const session = this.sessions.get(sessionID);
    touch(session, tool, args);
    const metadata = output.metadata ?? {};
    return this.#events(session, {
      type: "tool.execute.after",
      tool,
      args,
      result: Array.isArray(output.content)
        ? { content: output.content, isError: output.isError }
        : (output.output ?? null),
      error: null,
      metadata: "exit" in metadata ? { exit: metadata.exit } : undefined,
      call_id: callID,
      timestamp: this.#time(),
    });
  }

  /** Any event of OpenCode's bus. */
  event({ type, properties, id }) {
    if (type === "message.updated") return this.#message(properties.info);
    if (type === "message.part.updated") return this.#part(properties.part);
    if (type === "session.error") return this.#error(id, properties);
    if (type === "session.idle") return this.#boundary(this.sessions.get(properties.sessionID), id);
    return LIFECYCLE.has(type) ? this.#lifecycle(id, type, properties) : [];
  }

  /** An assistant's message is finished once it has a `finish`; OpenCode says so twice. */
  #message(info) {
    const session = this.sessions.get(info.sessionID);
    if (info.role !== "assistant" || info.agent === "compaction" || info.summary === true) {
      session.messages.delete(info.id);
      return [];
    }
    const message = session.messages.get(info.id) ?? { texts: new Map(), isDone: false };
    session.messages.set(info.id, message);
    if (message.isDone || !(info.finish || info.time?.completed)) return [];
    message.isDone = true;
    const said = { message_id: info.id, timestamp: this.#time(info.time?.created) };
    const text = publicText([...message.texts.values()].join("\n\n")).trim();
    message.texts.clear();
    const events = [];
    if (text) events.push({ type: "assistant_message", assistant_text: text, ...said });
    const usage = usageOf(info.tokens);
    if (usage) events.push({ type: "assistant_usage", usage, ...said });
    return this.#events(session, ...events);
  }

  #part(part) {
    const session = this.sessions.get(part.sessionID);
    if (part.type === "text" && !part.synthetic) {
      // A message that is not known as an assistant's is the user's, or a compaction's.
      session.messages.get(part.messageID)?.texts.set(part.id, part.text);
    }
    if (part.type !== "tool" || part.state?.status !== "error") return [];
    if (session.failedCalls.has(part.callID)) return [];
    session.failedCalls.add(part.callID);
    // Failed tools never reach `tool.execute.after`.
    return this.#events(session, {
      type: "tool.execute.after",
      tool: part.tool,
      args: part.state.input,
      result: null,
      error: part.state.error || "failed",
      call_id: part.callID,
      timestamp: this.#time(part.state.time?.end),
    });
  }

  /** The server turns a session that failed into memories at once, as it does with an idle one. */
  #error(id, { sessionID, error }) {
    if (!sessionID) return [];
    // The provider's headers and body stay here: they can hold anything.
    const told = { name: error?.name, data: { message: error?.data?.message } };
    const properties = { sessionID, error: told };
    const session = this.sessions.get(sessionID);
    const events = this.#events(session, {
      id,
      type: "session.error",
      properties,
      timestamp: this.#time(),
    });
    session.isDirty = false;
    return events;
  }

  #lifecycle(id, type, { sessionID, info }) {
    const isOwn = type === "session.created" && !info?.parentID;
    const before = isOwn ? this.sessions.beforeNew() : null;
    const session = this.sessions.get(sessionID);
    if (type === "session.created") {
      session.parentID = info?.parentID ?? null;
      session.startedAt = this.#time(info?.time?.created);
    }
    const told = { parentID: info?.parentID, directory: info?.directory, time: info?.time };
    const events = before ? this.#boundary(before) : [];
    events.push(
      ...this.#events(session, {
        id,
        type,
        properties: { sessionID, info: told },
        timestamp: this.#time(),
      }),
    );
    if (type === "session.deleted") this.sessions.drop(sessionID);
    return events;
  }

  /** Ask for a flush, when something happened since the last one. */
  #boundary(session, id = undefined) {
    if (!session.isDirty) return [];
    const properties = { sessionID: session.id };
    const events = this.#events(session, {
      id,
      type: "session.idle",
      properties,
      timestamp: this.#time(),
    });
    session.isDirty = false;
    return events;
  }

  #events(session, ...payloads) {
    session.isDirty ||= payloads.length > 0;
    return payloads.map((payload) => {
      const most = payload.type === "tool.execute.after" ? this.maxChars : MOST_WORDS;
      return {
        sessionID: session.id,
        startedAt: session.startedAt,
        payload: cleaned(payload, most),
      };
    });
  }

  #time(ms = undefined) {
    return new Date(ms ?? this.now()).toISOString();
  }
}

/** Keep the newest changed files of a session: they say what is being worked on. */
function touch(session, tool, args) {
  const patched = typeof args?.patchText === "string" ? [...args.patchText.matchAll(PATCHED)] : [];
  const written = CHANGING.has(tool) ? [args?.filePath ?? args?.path] : [];
  for (const file of [...patched.map((match) => match[1]), ...written]) {
    if (typeof file !== "string") continue;
    session.files = [...session.files.filter((known) => known !== file), file].slice(-8);
  }
}

/** Return the four counters, or null when nothing but the cache was read. */
function usageOf(tokens) {
  if (!tokens) return null;
  const usage = {
    input_tokens: tokens.input ?? 0,
    output_tokens: (tokens.output ?? 0) + (tokens.reasoning ?? 0),
    cache_creation_input_tokens: tokens.cache?.write ?? 0,
    cache_read_input_tokens: tokens.cache?.read ?? 0,
  };
  const spent = usage.input_tokens + usage.output_tokens + usage.cache_creation_input_tokens;
  return spent > 0 ? usage : null;
}
