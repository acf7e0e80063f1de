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

/** Say what was injected, for people: how many memories, how large, what it saved. */
export function injectedWords(metrics) {
  const { items, pack_tokens: tokens, pack_item_ids: ids } = metrics;
  const words = ["codemem injected"];
  const count = items ?? ids?.length;
  if (count) words.push(`${count} ${count === 1 ? "memory" : "memories"}`);
  if (tokens) words.push(`~${tokens} tokens`);
  if (metrics.avoided_work_tokens > 0) words.push(`avoided work ~${metrics.avoided_work_tokens} tokens`);
  if (metrics.pack_delta_available) words.push(`delta +${metrics.added_ids?.length ?? 0}/-${metrics.removed_ids?.length ?? 0}`);
  return words.join(" · ");
}

/** Return what to say of events that did not go to the server, and how. */
export function detourWords(what) {
  return {
    command: ["codemem's server does not answer: events go to the database by the command line", "warning"],
    disk: ["codemem cannot be reached: events are kept on disk until it can", "warning"],
    lost: ["codemem could keep events nowhere: some are lost", "error"],
  }[what];
}
