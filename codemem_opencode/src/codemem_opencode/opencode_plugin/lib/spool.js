// Events on disk, for the next server or `codemem spool drain`: the format of codemem's own spool.
//
// Like a maildir: written and synced in `tmp/`, renamed into `new/`, so a reader never sees a part.
// The first line of a file is the checksum of the rest.

import { createHash, randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { chmod, lstat, mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";

const FOLDERS = ["tmp", "new", "cur", "bad", "refused"];
const SOURCE = "opencode";
const NEW_FILE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
const COUNTER = constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND | constants.O_NOFOLLOW;

let written = 0;

/** A full spool took nothing more. */
export class SpoolFull extends Error {}

export class Spool {
  /**
   * @param {string} path
   * @param {object} caps
   * @param {number} caps.maxFiles
   * @param {number} caps.maxBytes
   */
  constructor(path, { maxFiles, maxBytes }) {
    this.path = path;
    this.maxFiles = maxFiles;
    this.maxBytes = maxBytes;
  }

  /**
   * Keep events, given as they are posted; they are on disk when this resolves.
   *
   * Rejects with `SpoolFull`, or with the file system's error; events before the one that failed
   * are kept.
   */
  async keep(bodies) {
    for (const folder of [this.path, ...FOLDERS.map((name) => join(this.path, name))])
      await privateFolder(folder);
    const held = await this.#held();
    for (const body of bodies) {
      const data = fileOf(body);
      held.files += 1;
      held.bytes += data.length;
      if (held.files > this.maxFiles || held.bytes > this.maxBytes) {
        await this.#refuse();
        throw new SpoolFull(`the spool is full: ${this.path}`);
      }
      await this.#write(nameOf(), data);
    }
    await synced(join(this.path, "new"));
  }

  async #write(name, data) {
    const draft = join(this.path, "tmp", name);
    const file = await open(draft, NEW_FILE, 0o600);
    try {
      await file.writeFile(data);
      await file.sync();
    } catch (error) {
      await rm(draft, { force: true });
      throw error;
    } finally {
      await file.close();
    }
    await rename(draft, join(this.path, "new", name));
  }

  /** Appending is atomic, so the size of this file is how many were refused. */
  async #refuse() {
    const name = `${new Date().toISOString().slice(0, 10)}.${SOURCE}`;
    const file = await open(join(this.path, "refused", name), COUNTER, 0o600);
    await file.write(".");
    await file.close();
  }

  async #held() {
    const held = { files: 0, bytes: 0 };
    for (const folder of ["new", "cur"]) {
      const names = await readdir(join(this.path, folder));
      const sizes = names.map((name) =>
        stat(join(this.path, folder, name)).then(
          (file) => file.size,
          () => 0,
        ),
      );
      held.files += names.length;
      held.bytes += (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
    }
    return held;
  }
}

function fileOf(body) {
  const content = JSON.stringify({ source: SOURCE, form: "raw_event", payload: body });
  return Buffer.from(`${createHash("sha256").update(content).digest("hex")}\n${content}`);
}

/** When (ns), whose, a random part, failures so far; names sort by time. */
function nameOf() {
  written = (written + 1) % 1_000_000; // the clock counts milliseconds: this keeps their order
  const ns = BigInt(Date.now()) * 1_000_000n + BigInt(written);
  return `${ns.toString().padStart(19, "0")}.${SOURCE}.${randomBytes(4).toString("hex")}.0`;
}

/** Make a folder for this user alone; rejects when something else lies in its place. */
async function privateFolder(path) {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const isNew = await mkdir(path, { mode: 0o700 }).then(
    () => true,
    (error) => {
      if (error.code !== "EEXIST") throw error;
      return false;
    },
  );
  if (isNew) return synced(dirname(path));
  const status = await lstat(path);
  const isOurs = status.isDirectory() && status.uid === process.geteuid?.();
  if (!isOurs) throw new Error(`not a folder of this user: ${path}`);
  if ((status.mode & 0o777) !== 0o700) await chmod(path, 0o700);
}

async function synced(folder) {
  const opened = await open(folder, constants.O_RDONLY | constants.O_DIRECTORY);
  await opened.sync();
  await opened.close();
}
