// A pack of memories for a query: from the warm server, else from the command line.

// How the server marks text as data; a random tag follows, so that no memory can close it.
const FENCE = "<codemem-memory-";

/** @typedef {{text: string, metrics: Record<string, any>}} Pack `text` is empty: nothing fits */
/** @typedef {{query: string, asked: string, around: string, files: string[], sessionID?: string, begins?: boolean}} Question */

export class Packs {
  /**
   * @param {object} options
   * @param {(body: object) => Promise<{status: number, json: any}>} options.post asks `/api/pack`
   * @param {import("./gate.js").Gate} options.gate
   * @param {(args: string[], options: {input: string}) => Promise<{code: number | null, stdout: string}>} options.command
   * @param {{cwd: string, project: string | null, chosen: string | null, agent?: string}} options.place
   * @param {number} options.limit memories
   * @param {number} options.tokenBudget
   */
  constructor({ post, gate, command, place, limit, tokenBudget }) {
    this.post = post;
    this.gate = gate;
    this.command = command;
    this.place = place;
    this.limit = limit;
    this.tokenBudget = tokenBudget;
  }

  /**
   * Resolve to the pack for a question, or to null when nobody answers.
   *
   * @param {Question} question
   * @returns {Promise<Pack | null>}
   */
  async find(question) {
    return (await this.#fromServer(question)) ?? (await this.#fromCommand(question));
  }

  /** @param {Question} question */
  async #fromServer({ asked, around, files, sessionID, begins }) {
    if (this.gate.isShut) return null;
    const body = {
      context: asked,
      around,
      // The server knows to which project a folder belongs; what the user chose stands over it.
      ...(this.place.chosen ? { project: this.place.chosen } : { cwd: this.place.cwd }),
      working_set: files,
      injected: true,
      ...(sessionID ? { session: { source: this.place.agent ?? "opencode", stream_id: sessionID } } : {}),
      // What every session should know: the user's rules, the project card, the last session.
      ...(begins ? { begins } : {}),
      limit: this.limit,
      token_budget: this.tokenBudget,
    };
    try {
      const { status, json } = await this.post(body);
      if (status === 200) return packOf(json);
    } catch {
      // As good as an answer that is no success.
    }
    this.gate.failed();
    return null;
  }

  async #fromCommand({ query, files }) {
    const project = this.place.chosen ?? this.place.project;
    // Without a project it would tell one project's notes to another.
    if (!project) return null;
    const args = [
      ...["pack", "-", "--injected", "--project", project],
      ...["--limit", String(this.limit), "--token-budget", String(this.tokenBudget)],
      ...files.flatMap((file) => ["--working-set-file", file.slice(0, 400)]),
    ];
    // On standard input: other users can read a command's arguments.
    const { code, stdout } = await this.command(args, { input: query });
    return code === 0 ? packOf(parsed(stdout)) : null;
  }
}

function packOf(json) {
  if (typeof json?.pack_text !== "string") return null;
  // A codemem that does not know `injected` answers with what nobody may inject unasked.
  const text = json.pack_text.startsWith(FENCE) ? json.pack_text.trim() : "";
  return { text, metrics: json.metrics ?? {} };
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
