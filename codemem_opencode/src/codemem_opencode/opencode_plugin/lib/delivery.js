// From this process to the queue: the server first, the command when the server fails.

import { eventId } from "./identity.js";

// The server takes 1 MiB a request; a batch is small so that a slow disk holds nothing up.
const BATCH_EVENTS = 20;
const BATCH_CHARS = 256 * 1024;

/** Delivers events in order, each until somebody has taken it; `add` never waits. */
export class Delivery {
  #queue = [];
  #running = null;
  #serverFrom = 0;

  /**
   * @param post sends a body to the server, resolves to `{status}`
   * @param enqueue hands one event to the command, resolves to whether it was taken
   */
  constructor({ post, enqueue, backoffMs, hardMax, now = Date.now }) {
    Object.assign(this, { post, enqueue, backoffMs, hardMax, now });
  }

  /** How many events nobody has taken yet. */
  get waiting() {
    return this.#queue.length;
  }

  /** Take the events of `Capture`, and start to deliver. */
  add(events, { cwd, project }) {
    for (const event of events) this.#queue.push(this.#body(event, { cwd, project }));
    // Beyond this the oldest go: a plugin must not eat its host's memory.
    if (this.#queue.length > this.hardMax && !this.#running) {
      this.#queue.splice(0, this.#queue.length - this.hardMax);
    }
    if (events.length) this.#start();
  }

  /** Wait until all is delivered, or delivery has failed, or `limitMs` have passed. */
  async drain(limitMs) {
    let timer;
    const limit = new Promise((resolve) => (timer = setTimeout(resolve, limitMs)));
    await Promise.race([this.#start(), limit]);
    clearTimeout(timer);
  }

  #start() {
    this.#running ??= this.#run().finally(() => (this.#running = null));
    return this.#running;
  }

  async #run() {
    while (this.#queue.length) {
      const batch = this.#batch();
      const taken = await this.#deliver(batch);
      this.#queue.splice(0, taken);
      if (taken < batch.length) return; // The next event, or the end of the session, tries again.
    }
  }

  /** Return how many of the batch, from its head, need no further care. */
  async #deliver(batch) {
    const answer = await this.#toServer(batch);
    if (answer === "taken") return batch.length;
    // A batch is refused as a whole: find the one that is wrong, and leave it out.
    if (answer === "refused") return batch.length > 1 ? this.#oneByOne(batch) : 1;
    let taken = 0;
    for (const body of batch) {
      if (!(await this.enqueue(body))) break;
      taken += 1;
    }
    return taken;
  }

  async #oneByOne(batch) {
    let taken = 0;
    for (const body of batch) {
      const one = await this.#deliver([body]);
      if (!one) break;
      taken += one;
    }
    return taken;
  }

  async #toServer(batch) {
    if (this.now() < this.#serverFrom) return "failed";
    try {
      const { status } = await this.post(batch.length > 1 ? { events: batch } : batch[0]);
      if (status >= 200 && status < 300) return "taken";
      if (status === 400 || status === 413) return "refused";
    } catch {
      // Nobody listens, or too slowly; the same as an answer that is no success.
    }
    this.#serverFrom = this.now() + this.backoffMs;
    return "failed";
  }

  #batch() {
    let chars = 0;
    const end = this.#queue.findIndex((body, at) => {
      chars += JSON.stringify(body).length;
      return at > 0 && (at >= BATCH_EVENTS || chars > BATCH_CHARS);
    });
    return this.#queue.slice(0, end < 0 ? undefined : end);
  }

  #body({ sessionID, startedAt, payload }, { cwd, project }) {
    const { type, timestamp } = payload;
    return {
      session_stream_id: sessionID,
      session_id: sessionID,
      opencode_session_id: sessionID,
      event_id: eventId({ sessionID, type, timestamp, payload }),
      event_type: type,
      ts_wall_ms: Date.parse(timestamp),
      ts_mono_ms: performance.now(),
      payload,
      cwd,
      project,
      started_at: startedAt,
    };
  }
}
