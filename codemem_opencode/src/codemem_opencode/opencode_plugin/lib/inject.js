// What earlier sessions know, put beside the prompt.

import { basename } from "node:path";

const QUERY_CHARS = 500;
// How the server marks text as data; a random tag follows, so that no memory can close it.
const FENCE = "<codemem-memory-";
const OTHER_AGENTS = ["You are a title generator", "You are a context summarization agent"];

/** Say whether a model request is the user's: titles and compactions get no memories. */
export function isMainAgent(system) {
  return !OTHER_AGENTS.some((start) => system[0]?.startsWith(start));
}

/** Return what to search for: the session's first and last prompt, its project, its files. */
export function queryOf({ prompts: [first, last], files }, project) {
  const words = [first];
  if (last && last !== first && last.length > 5) words.push(last);
  words.push(project, ...files.slice(-5).map((file) => basename(file)));
  return words.filter(Boolean).join(" ").slice(0, QUERY_CHARS) || "recent work";
}

/**
 * Asks for a pack once per query and session. The query changes with a prompt, not within a turn:
 * the model provider caches what stands before the conversation, as long as it stays the same.
 */
export class Injection {
  #packs = new WeakMap();

  /** @param ask sends a body to `/api/pack`; it settles within the time a prompt may wait. */
  constructor({ ask, project, limit, tokenBudget }) {
    Object.assign(this, { ask, project, limit, tokenBudget });
  }

  /** Ask for a session's pack now, so that it is there when the model is called. */
  prepare(session) {
    const query = queryOf(session, this.project);
    if (this.#packs.get(session)?.query === query) return;
    const pack = { query, text: this.#fetch(query, session) };
    this.#packs.set(session, pack);
    // What failed is asked for again at the next prompt, even when the query is the same.
    pack.text.then((text) => text === null && (pack.query = null));
  }

  /** Return the text to inject into a session's prompt; empty when there is nothing to say. */
  async text(session) {
    if (!this.#packs.has(session)) this.prepare(session);
    const text = await this.#packs.get(session).text;
    return text ? `[codemem context]\n${text}` : "";
  }

  /** Resolve to the pack's text, or to null when the server did not say. */
  async #fetch(context, session) {
    const body = { context, project: this.project, working_set: session.files, injected: true };
    if (session.id) body.session = { source: "opencode", stream_id: session.id };
    if (this.limit) body.limit = this.limit;
    if (this.tokenBudget) body.token_budget = this.tokenBudget;
    try {
      const { status, json } = await this.ask(body);
      if (status !== 200 || typeof json?.pack_text !== "string") return null;
      // A server that does not know `injected` answers with what nobody may inject unasked.
      return json.pack_text.startsWith(FENCE) ? json.pack_text.trim() : "";
    } catch {
      return null;
    }
  }
}
