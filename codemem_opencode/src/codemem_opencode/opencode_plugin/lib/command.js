// The way round a server that does not answer: `codemem enqueue-raw-event`.

import { spawn } from "node:child_process";

/** Hand one event to the command on its standard input; resolve to whether it was taken. */
export function enqueueByCommand(body, { timeoutMs, command = "codemem" }) {
  return new Promise((resolve) => {
    const child = spawn(command, ["enqueue-raw-event"], { stdio: ["pipe", "ignore", "ignore"] });
    const timer = setTimeout(() => child.kill("SIGKILL"), timeoutMs);
    const finish = (isTaken) => {
      clearTimeout(timer);
      resolve(isTaken);
    };
    child.on("error", () => finish(false));
    child.on("close", (code) => finish(code === 0));
    child.stdin.on("error", () => {}); // It ended before it read everything: `close` tells.
    child.stdin.end(JSON.stringify(body));
  });
}
