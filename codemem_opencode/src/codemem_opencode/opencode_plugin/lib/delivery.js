// From this process to the queue: the server first, the command when the server fails, the disk when
// both do. Events leave in order, and none leaves before somebody else has it.

// The server takes 1 MiB a request; a batch is small so that a slow disk holds nothing up.
const BATCH_EVENTS = 20;
const BATCH_CHARS = 256 * 1024;
// Exit code of `enqueue-raw-event` for an event it will never take.
const REFUSED = 2;

export class Delivery {
  /** @type {object[]} */
  #queue = [];
  /** How many at the head of the queue are on their way. */
  #leaving = 0;
  /** @type {Promise<void> | null} */
  #running = null;
  #overflow = Promise.resolve();
  #commandFrom = 0;
  #isEnding = false;

  /**
   * @param {object} ways
   * @param {(body: object) => Promise<{status: number}>} ways.post sends events to the server
   * @param {import("./gate.js").Gate} ways.gate says whether to try
   * @param {(body: object) => Promise<number | null>} ways.enqueue hands events to the command,
   *   resolves to its exit code
   * @param {(bodies: object[]) => Promise<void>} ways.keep writes events to disk
   * @param {number} ways.hardMax events that may wait in memory
   * @param {(what: "command" | "disk" | "lost", count: number) => void} ways.tell reports a detour
   * @param {() => number} [ways.now]
   */
  constructor({ post, gate, enqueue, keep, hardMax, tell, now = Date.now }) {
    this.post = post;
    this.gate = gate;
    this.enqueue = enqueue;
    this.keep = keep;
    this.hardMax = hardMax;
    this.tell = tell;
    this.now = now;
  }

  /** How many events nobody else has yet. */
  get waiting() {
    return this.#queue.length;
  }

  /** Take events in the form in which they are posted, and start to deliver; never waits. */
  add(bodies) {
    if (!bodies.length) return;
    this.#queue.push(...bodies);
    const room = Math.max(this.hardMax, this.#leaving);
    if (this.#queue.length > room) {
      // A plugin must not eat its host's memory.
      const most = this.#queue.splice(this.#leaving, this.#queue.length - room);
      this.#overflow = this.#overflow
        .then(() => this.#toDisk(most))
        .then((isKept) => {
          if (!isKept) this.tell("lost", most.length);
        });
    }
    this.#start();
  }

  /** Deliver what waits for at most `limitMs`, then write the rest to disk. */
  async end(limitMs) {
    let timer;
    const limit = new Promise((resolve) => (timer = setTimeout(resolve, limitMs)));
    await Promise.race([this.#start(), limit]);
    clearTimeout(timer);
    this.#isEnding = true;
    await this.#overflow;
    // What is on its way may arrive as well: by its id it is still one event.
    if (this.#queue.length && (await this.#toDisk(this.#queue))) this.#queue = [];
  }

  #start() {
    this.#running ??= this.#run().finally(() => (this.#running = null));
    return this.#running;
  }

  async #run() {
    while (this.#queue.length && !this.#isEnding) {
      const batch = this.#batch();
      this.#leaving = batch.length;
      const isAway = await this.#deliver(batch);
      this.#leaving = 0;
      if (this.#isEnding) return; // What is left has been written to disk meanwhile.
      if (isAway) this.#queue.splice(0, batch.length);
      else return; // The next event, or the end of the session, tries again.
    }
  }

  async #deliver(batch) {
    const answer = await this.#toServer(batch);
    if (answer === "taken") return true;
    if (answer === "failed") return (await this.#toCommand(batch)) || this.#toDisk(batch);
    // A batch is refused as a whole: find the one that is wrong. The server counts it.
    if (batch.length === 1) return answer === "refused" || this.#toDisk(batch);
    for (const body of batch) {
      if (!(await this.#deliver([body]))) return false;
    }
    return true;
  }

  /** @returns {Promise<"taken" | "refused" | "large" | "failed">} */
  async #toServer(batch) {
    try {
      if (!(await this.gate.isOpen())) return "failed";
      const { status } = await this.post(together(batch));
      if (status >= 200 && status < 300) return "taken";
      if (status === 400) return "refused";
      if (status === 413) return "large";
    } catch {
      // Nobody listens, or too slowly; the same as an answer that is no success.
    }
    this.gate.failed();
    return "failed";
  }

  async #toCommand(batch) {
    if (this.now() < this.#commandFrom) return false;
    let code = await this.enqueue(together(batch));
    if (code === REFUSED && batch.length > 1) {
      // One of them is wrong, or this codemem takes one at a time.
      for (const body of batch) {
        code = await this.enqueue(body);
        if (code !== 0 && (code !== REFUSED || !(await this.#toDisk([body])))) return false;
      }
      code = 0;
    }
    if (code === 0) this.tell("command", batch.length);
    else this.#commandFrom = this.now() + this.gate.backoffMs;
    return code === 0;
  }

  async #toDisk(bodies) {
    try {
      await this.keep(bodies);
    } catch {
      return false;
    }
    this.tell("disk", bodies.length);
    return true;
  }

  #batch() {
    let chars = 0;
    const end = this.#queue.findIndex((body, at) => {
      chars += JSON.stringify(body).length;
      return at > 0 && (at >= BATCH_EVENTS || chars > BATCH_CHARS);
    });
    return this.#queue.slice(0, end < 0 ? undefined : end);
  }
}

function together(batch) {
  return batch.length > 1 ? { events: batch } : batch[0];
}
