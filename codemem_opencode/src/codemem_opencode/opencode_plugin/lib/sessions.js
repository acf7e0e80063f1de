// What is known of each session; sub-agents and parallel sessions run through the same hooks.

// Sessions whose state is kept; the longest-opened go first.
const MOST_SESSIONS = 200;

/**
 * @typedef {object} Session
 * @property {string} id
 * @property {string | null} parentID set for a sub-agent's session
 * @property {string | null} startedAt ISO time
 * @property {string[]} prompts the first and the last
 * @property {number} promptCount
 * @property {string[]} files changed last, newest last
 * @property {boolean} isDirty whether anything happened since the last flush
 * @property {Map<string, {texts: Map<string, string>, isDone: boolean}>} messages the assistant's
 * @property {Set<string>} failedCalls tools whose failure is captured
 */

export class Sessions {
  /** @type {Map<string, Session>} */
  #sessions = new Map();

  /** Return the state of a session, made when it is new. */
  get(id) {
    let session = this.#sessions.get(id);
    if (!session) {
      session = {
        id,
        parentID: null,
        startedAt: null,
        prompts: [],
        promptCount: 0,
        files: [],
        isDirty: false,
        messages: new Map(),
        failedCalls: new Set(),
      };
      this.#sessions.set(id, session);
      const [oldest] = this.#sessions.keys();
      if (this.#sessions.size > MOST_SESSIONS) this.#sessions.delete(oldest);
    }
    return session;
  }

  /** Forget a session that was deleted. */
  drop(id) {
    this.#sessions.delete(id);
  }

  /** Return the session that was worked in before another one is opened, if it needs a flush. */
  beforeNew() {
    const own = [...this.#sessions.values()].filter((session) => !session.parentID);
    return own.at(-1)?.isDirty ? own.at(-1) : null;
  }
}
