// What happens in OpenCode, as the events that codemem stores.
//
// Each method takes what a hook was given and returns the events it makes, often none. State is
// kept per session: sub-agents and parallel sessions run through the same hooks.

import { shorten, stripPrivate } from "./privacy.js";

// Sessions whose state is kept; the least recently opened go first.
const MOST_SESSIONS = 200;
// Characters of a prompt or an answer: a quarter of what the server takes in one request.
const MOST_WORDS = 256 * 1024;
const LIFECYCLE = new Set(["session.created", "session.deleted", "session.compacted"]);
const CHANGING = new Set(["edit", "write"]);
const PATCHED = /^\*\*\* (?:Add|Update) File: (.+)$/gm;

export class Capture {
  #sessions = new Map();

  constructor({ maxChars, now = Date.now }) {
    Object.assign(this, { maxChars, now });
  }

  /** Return the state of a session, made when it is new. */
  session(id) {
    let session = this.#sessions.get(id);
    if (!session) {
      session = {
        id,
        parentID: null,
        startedAt: null,
        prompts: [],
        promptCount: 0,
        files: [],
        messages: new Map(),
        failedCalls: new Set(),
      };
      this.#sessions.set(id, session);
      if (this.#sessions.size > MOST_SESSIONS) {
        this.#sessions.delete(this.#sessions.keys().next().value);
      }
    }
    return session;
  }

  /** `chat.message`: what the user typed; attached files and the like are synthetic parts. */
  prompt(input, output) {
    const typed = output.parts.filter(
      (part) => part.type === "text" && !part.synthetic && !part.ignored,
    );
    const text = stripPrivate(typed.map((part) => part.text).join("\n")).trim();
    if (!text) return [];
    const session = this.session(input.sessionID);
    session.promptCount += 1;
    session.startedAt ??= this.#time();
    session.prompts = [session.prompts[0] ?? text, text];
    return this.#events(input.sessionID, {
      type: "user_prompt",
      prompt_number: session.promptCount,
      prompt_text: text,
      message_id: output.message?.id,
      parent_id: session.parentID ?? undefined,
      timestamp: this.#time(output.message?.time?.created),
    });
  }

  /** `tool.execute.after`: a tool that returned; an MCP tool returns its raw `content`. */
  tool(input, output) {
    const { tool, sessionID, callID, args } = input;
    this.#touch(this.session(sessionID), tool, args);
    const metadata = output.metadata ?? {};
    return this.#events(sessionID, {
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
    return LIFECYCLE.has(type) ? this.#lifecycle(id, type, properties) : [];
  }

  /** An assistant's message is finished once it has a `finish`; OpenCode says so twice. */
  #message(info) {
    const session = this.session(info.sessionID);
    if (info.role !== "assistant" || info.agent === "compaction" || info.summary === true) {
      session.messages.delete(info.id);
      return [];
    }
    const message = session.messages.get(info.id) ?? { texts: new Map() };
    session.messages.set(info.id, message);
    if (message.isDone || !(info.finish || info.time?.completed)) return [];
    message.isDone = true;
    const said = { message_id: info.id, timestamp: this.#time(info.time?.created) };
    const text = stripPrivate([...message.texts.values()].join("\n\n")).trim();
    message.texts.clear();
    const events = [];
    if (text) events.push({ type: "assistant_message", assistant_text: text, ...said });
    const usage = usageOf(info.tokens);
    if (usage) events.push({ type: "assistant_usage", usage, ...said });
    return this.#events(info.sessionID, ...events);
  }

  #part(part) {
    const session = this.session(part.sessionID);
    if (part.type === "text" && !part.synthetic) {
      // A message that is not known as an assistant's is the user's, or a compaction's.
      session.messages.get(part.messageID)?.texts.set(part.id, part.text);
    }
    if (part.type !== "tool" || part.state?.status !== "error") return [];
    if (session.failedCalls.has(part.callID)) return [];
    session.failedCalls.add(part.callID);
    // Failed tools never reach `tool.execute.after`.
    return this.#events(part.sessionID, {
      type: "tool.execute.after",
      tool: part.tool,
      args: part.state.input,
      result: null,
      error: part.state.error || "failed",
      call_id: part.callID,
      timestamp: this.#time(part.state.time?.end),
    });
  }

  #error(id, { sessionID, error }) {
    if (!sessionID) return [];
    // The provider's headers and body stay here: they can hold anything.
    const told = { name: error?.name, data: { message: error?.data?.message } };
    const properties = { sessionID, error: told };
    return this.#events(sessionID, { id, type: "session.error", properties, timestamp: this.#time() });
  }

  #lifecycle(id, type, { sessionID, info = {} }) {
    const session = this.session(sessionID);
    const told = { parentID: info.parentID, directory: info.directory, time: info.time };
    if (type === "session.created") {
      session.parentID = info.parentID ?? null;
      session.startedAt = this.#time(info.time?.created);
    }
    const properties = { sessionID, info: told };
    const events = this.#events(sessionID, { id, type, properties, timestamp: this.#time() });
    if (type === "session.deleted") this.#sessions.delete(sessionID);
    return events;
  }

  /** Keep the newest changed files of a session: they say what is being worked on. */
  #touch(session, tool, args) {
    const patched = typeof args?.patchText === "string" ? [...args.patchText.matchAll(PATCHED)] : [];
    const written = CHANGING.has(tool) ? [args?.filePath ?? args?.path] : [];
    for (const file of [...patched.map((match) => match[1]), ...written]) {
      if (typeof file !== "string") continue;
      session.files = [...session.files.filter((known) => known !== file), file].slice(-8);
    }
  }

  #events(sessionID, ...payloads) {
    const { startedAt } = this.session(sessionID);
    return payloads.map((payload) => ({
      sessionID,
      startedAt,
      payload: this.#clean(payload),
    }));
  }

  /** Through JSON, so that what is hashed is what is sent. */
  #clean(payload) {
    const most = payload.type === "tool.execute.after" ? this.maxChars : MOST_WORDS;
    return shorten(stripPrivate(JSON.parse(JSON.stringify(payload))), most);
  }

  #time(ms) {
    return new Date(ms ?? this.now()).toISOString();
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
