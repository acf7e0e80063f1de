// One request to codemem's server, over its Unix socket.

import { lstat } from "node:fs/promises";
import { request } from "node:http";
import { dirname } from "node:path";

const MAX_ANSWER_BYTES = 4 * 1024 * 1024;

/**
 * POST a JSON body and return `{status, json}`; `json` is null when the answer is none.
 *
 * Rejects when nobody listens, when the folder is not the user's alone, and after `timeoutMs`.
 * node:http, not fetch: Bun and Node name the socket differently there, here they agree.
 */
export async function post(socketPath, path, body, { timeoutMs }) {
  await checkPrivate(dirname(socketPath));
  return new Promise((resolve, reject) => {
    const data = Buffer.from(JSON.stringify(body));
    const headers = {
      host: "localhost",
      "content-type": "application/json",
      "content-length": data.length,
    };
    const sent = request({ socketPath, path, method: "POST", headers, agent: false }, (answer) => {
      const chunks = [];
      let bytes = 0;
      answer.on("data", (chunk) => {
        chunks.push(chunk);
        bytes += chunk.length;
        if (bytes > MAX_ANSWER_BYTES) sent.destroy(new Error("answer is too long"));
      });
      answer.on("error", reject);
      answer.on("end", () => resolve({ status: answer.statusCode, json: parsed(chunks) }));
    });
    const timer = setTimeout(() => sent.destroy(new Error("no answer in time")), timeoutMs);
    sent.on("error", reject);
    sent.on("close", () => {
      clearTimeout(timer);
      reject(new Error("connection closed")); // No effect after an answer.
    });
    sent.end(data);
  });
}

/** Refuse a folder in which another user could have put a socket of theirs. */
async function checkPrivate(folder) {
  const status = await lstat(folder);
  const isOurs = status.isDirectory() && status.uid === process.geteuid();
  if (!isOurs || status.mode & 0o022) throw new Error("socket folder is not private");
}

function parsed(chunks) {
  try {
    return JSON.parse(Buffer.concat(chunks).toString());
  } catch {
    return null;
  }
}
