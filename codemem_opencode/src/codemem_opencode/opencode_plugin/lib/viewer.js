// The server: started when none runs, kept alive while this OpenCode lives.
//
// It is told to end by itself once nobody has asked it anything for a while, so it ends when the
// last OpenCode is gone, however that went, and never under another client. A server that somebody
// else started is left alone.

// Shorter than the while, with room for a request that is late.
const CALL_MS = 60_000;
const UNUSED_S = "300";

export class Viewer {
  /** @type {NodeJS.Timeout | undefined} */
  #calls;
  /** @type {Promise<boolean> | null} */
  #starting = null;

  /**
   * @param {object} options
   * @param {boolean} options.starts whether to start one
   * @param {boolean} options.stops whether it ends with its clients
   * @param {() => Promise<boolean>} options.answers
   * @param {(args: string[], more: Record<string, string>) => Promise<{code: number | null}>}
   *   options.command runs codemem with variables of its own
   * @param {(text: string) => void} options.problem
   */
  constructor({ starts, stops, answers, command, problem }) {
    this.starts = starts;
    this.stops = stops;
    this.answers = answers;
    this.command = command;
    this.problem = problem;
    /** Whether this plugin has started a server. */
    this.isOurs = false;
  }

  /** Start a server unless one answers; resolves to whether one does. One attempt at a time. */
  start() {
    this.#starting ??= this.#start().finally(() => (this.#starting = null));
    return this.#starting;
  }

  /** Start it anew after an update, if it is ours. */
  async restart() {
    if (this.isOurs) await this.#serve("restart");
  }

  /** Stop calling: this OpenCode ends. */
  leave() {
    clearInterval(this.#calls);
  }

  async #start() {
    if (!this.#calls) {
      this.#calls = setInterval(() => this.answers(), CALL_MS);
      this.#calls.unref?.();
    }
    if (await this.answers()) return true;
    if (!this.starts) return false;
    const { code } = await this.#serve("start");
    this.isOurs ||= code === 0;
    if (code !== 0) this.problem(`the server did not start: exit code ${code}`);
    return code === 0;
  }

  #serve(action) {
    // It serves other projects, too.
    const more = { CODEMEM_PROJECT: "", ...(this.stops && { CODEMEM_VIEWER_UNUSED_S: UNUSED_S }) };
    return this.command(["serve", action], more);
  }
}
