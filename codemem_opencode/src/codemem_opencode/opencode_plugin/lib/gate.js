// Whether the server is worth asking: looked at now and then, left alone for a while after a failure.

export class Gate {
  #shutUntil = 0;
  #lookedAt = -Infinity;

  /**
   * @param {object} options
   * @param {() => Promise<boolean>} options.look asks the server whether it takes events
   * @param {number} options.everyMs between two looks
   * @param {number} options.backoffMs after a failure
   * @param {() => number} [options.now]
   */
  constructor({ look, everyMs, backoffMs, now = Date.now }) {
    this.look = look;
    this.everyMs = everyMs;
    this.backoffMs = backoffMs;
    this.now = now;
  }

  /** Whether the pause after a failure lasts. */
  get isShut() {
    return this.now() < this.#shutUntil;
  }

  /** Resolve to whether to send something now; looks first when the last look is long ago. */
  async isOpen() {
    if (this.isShut) return false;
    if (this.now() - this.#lookedAt < this.everyMs) return true;
    this.#lookedAt = this.now();
    const isThere = await this.look().catch(() => false);
    if (!isThere) this.failed();
    return isThere;
  }

  /** Leave the server alone for a while, and look before the next request. */
  failed() {
    this.#shutUntil = this.now() + this.backoffMs;
    this.#lookedAt = -Infinity;
  }

  /** Ask again at once: somebody has started a server. */
  reset() {
    this.#shutUntil = 0;
    this.#lookedAt = -Infinity;
  }
}
