// Words to the user in OpenCode's corner of the screen; without a screen there are none.

const PAUSE_MS = 60_000;

export class Toasts {
  #shown = new Map();

  /**
   * @param {any} client OpenCode's
   * @param {{now?: () => number}} [options]
   */
  constructor(client, { now = Date.now } = {}) {
    this.client = client;
    this.now = now;
  }

  /** Show a message; the same one only once a minute. Never waits, never throws. */
  show(message, variant = "info") {
    if (this.now() - (this.#shown.get(message) ?? -Infinity) < PAUSE_MS) return;
    this.#shown.set(message, this.now());
    // Not awaited: at start-up OpenCode answers only when its plugins are there.
    Promise.resolve()
      .then(() => this.client.tui.showToast({ body: { message, variant } }))
      .catch(() => {});
  }
}

/**
 * Say what was injected, for people: how many memories, how large.
 *
 * @param {Record<string, any>} metrics of the pack
 */
export function injectedWords({ items, pack_tokens: tokens }) {
  const words = ["codemem injected"];
  if (items) words.push(`${items} ${items === 1 ? "memory" : "memories"}`);
  if (tokens) words.push(`~${tokens} tokens`);
  return words.join(" · ");
}

/** Return what to say of events that did not go to the server, and how. */
export function detourWords(what) {
  return {
    command: [
      "codemem's server does not answer: events go to the database by the command line",
      "warning",
    ],
    disk: ["codemem cannot be reached: events are kept on disk until it can", "warning"],
    lost: ["codemem could keep events nowhere: some are lost", "error"],
  }[what];
}
