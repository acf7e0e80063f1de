// Calls of the codemem command, each with a time limit.

import { spawn } from "node:child_process";

const MOST_BYTES = 4 * 1024 * 1024;

/**
 * Run a program without a shell and resolve to `{code, stdout}`; `code` is null when it could not
 * be started, was stopped at `timeoutMs`, or said more than anybody reads.
 *
 * It runs in the root folder: uv and Python take settings and code from the one they start in.
 */
export function run(argv, { env, input = "", timeoutMs }) {
  const [program, ...args] = argv;
  if (!program) return Promise.resolve({ code: null, stdout: "" });
  return new Promise((resolve) => {
    // A group of its own, so that what uvx has started ends with it.
    const child = spawn(program, args, {
      cwd: "/",
      env,
      stdio: ["pipe", "pipe", "ignore"],
      detached: true,
    });
    const chunks = [];
    let bytes = 0;
    const finish = (code) => {
      clearTimeout(timer);
      resolve({ code, stdout: Buffer.concat(chunks).toString() });
    };
    const stop = () => {
      killGroup(child);
      finish(null);
    };
    const timer = setTimeout(stop, timeoutMs);
    child.stdout.on("data", (chunk) => {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes > MOST_BYTES) stop();
    });
    child.on("error", () => finish(null));
    child.on("close", (code) => finish(code));
    child.stdin.on("error", () => {}); // It ended before it read everything: `close` tells.
    child.stdin.end(input);
  });
}

function killGroup(child) {
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch {
    child.kill("SIGKILL"); // It has not made its group yet, or is gone.
  }
}
