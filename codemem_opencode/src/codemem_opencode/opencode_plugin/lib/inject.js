// What earlier sessions know, put beside the prompt it fits.

import { basename } from "node:path";

const QUERY_CHARS = 500;
const FILES = 5;
// "yes" or "go on" asks for nothing of its own.
const SHORTEST_QUESTION = 5;

/**
 * Return what to search for: the session's first and last prompt, its project, its files.
 *
 * `asked` and `around` are the same words, told apart: what is asked, and what the work is about.
 *
 * @param {{prompts: string[], files: string[]}} session
 * @param {string | null} project
 */
export function questionOf({ prompts, files }, project) {
  const [first, last] = prompts;
  const names = files.slice(-FILES).map((file) => basename(file));
  const isOwn = Boolean(last && last !== first && last.length > SHORTEST_QUESTION);
  const words = [first, isOwn && last, project, ...names].filter(Boolean);
  const asked = (isOwn ? last : first) || "recent work";
  const around = [isOwn && first, ...names].filter(Boolean).join(" ");
  return {
    query: words.join(" ").slice(0, QUERY_CHARS).toWellFormed() || "recent work",
    asked: asked.slice(0, QUERY_CHARS).toWellFormed(),
    around: around.slice(0, QUERY_CHARS).toWellFormed(),
    files,
  };
}

/**
 * @typedef {object} State what was injected into a session
 * @property {string} query of the newest pack
 * @property {Promise<import("./packs.js").Pack | null>} pack
 * @property {string | undefined} messageID the newest prompt
 * @property {Map<string | undefined, Promise<string>>} told what stands at each prompt
 * @property {Set<number | string>} known memories that the conversation holds
 */

/**
 * Adds to each prompt the memories that fit it, and never changes what it added.
 *
 * The text stands at the end of the prompt's own message and is repeated there, byte for byte, in
 * every later request: what a model provider has cached of the conversation stays valid. In the
 * system prompt, which comes first, a new pack would make all of it be read again.
 */
export class Injection {
  /** @type {WeakMap<object, State>} */
  #of = new WeakMap();
  /** Sessions whose next request is a compaction: memories are not to be summed up as said. */
  #compacting = new Set();

  /**
   * @param {object} options
   * @param {(question: any) => Promise<import("./packs.js").Pack | null>} options.find
   * @param {import("./sessions.js").Sessions} options.sessions
   * @param {string | null} options.project
   * @param {number} options.waitMs how long a request may be kept waiting
   * @param {(metrics: Record<string, any>) => void} options.injected told of a session's first pack
   */
  constructor({ find, sessions, project, waitMs, injected }) {
    this.find = find;
    this.sessions = sessions;
    this.project = project;
    this.waitMs = waitMs;
    this.injected = injected;
  }

  /** `chat.message`: look for memories now, so that they are there when the model is called. */
  prepare(sessionID, messageID) {
    const session = this.sessions.get(sessionID);
    const question = questionOf(session, this.project);
    // The server knows a session that is resumed; a sub-agent is told by who made it.
    const begins = !this.#of.has(session) && !session.parentID;
    const state = this.#of.get(session) ?? newState();
    this.#of.set(session, state);
    state.messageID = messageID;
    if (state.query === question.query) return;
    state.query = question.query;
    state.pack = this.find({ ...question, sessionID, begins }).catch(() => null);
    state.pack.then((pack) => {
      // What failed is asked for again at the next prompt, even when the query is the same.
      if (pack === null) state.query = "";
    });
  }

  /** `experimental.session.compacting` */
  compacting(sessionID) {
    this.#compacting.add(sessionID);
    this.#of.get(this.sessions.get(sessionID))?.known.clear();
  }

  /** `experimental.chat.messages.transform`: add what belongs to each prompt of a request. */
  async addTo(messages) {
    const sessionID = messages.at(-1)?.info.sessionID;
    if (!sessionID || this.#compacting.delete(sessionID)) return;
    const state = this.#of.get(this.sessions.get(sessionID));
    if (!state) return;
    if (!state.told.has(state.messageID)) state.told.set(state.messageID, this.#newText(state));
    for (const { info, parts } of messages) {
      const text = info.role === "user" && (await state.told.get(info.id));
      if (text) parts.push(partOf(text, info));
    }
  }

  /** Return what to add to the newest prompt; nothing when the conversation holds it already. */
  async #newText(state) {
    const pack = await within(this.waitMs, state.pack);
    if (!pack?.text) return "";
    // Rules are told without numbers.
    const ids = pack.metrics.pack_item_ids?.length ? pack.metrics.pack_item_ids : [pack.text];
    if (ids.every((id) => state.known.has(id))) return "";
    if (!state.known.size) this.injected(pack.metrics);
    for (const id of ids) state.known.add(id);
    return `[codemem context]\n${pack.text}`;
  }
}

/** @returns {State} */
function newState() {
  return {
    query: "",
    pack: Promise.resolve(null),
    messageID: undefined,
    told: new Map(),
    known: new Set(),
  };
}

function partOf(text, { id, sessionID }) {
  return { id: `prt_codemem_${id}`, sessionID, messageID: id, type: "text", text, synthetic: true };
}

/** Resolve to what a promise resolves to, or to null after `limitMs`. */
async function within(limitMs, promise) {
  let timer;
  const limit = new Promise((resolve) => (timer = setTimeout(resolve, limitMs, null)));
  return Promise.race([promise, limit]).finally(() => clearTimeout(timer));
}
