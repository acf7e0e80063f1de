// One request to codemem's server, over its Unix socket.

import { lstat } from "node:fs/promises";
import { request } from "node:http";
import { dirname } from "node:path";

const MOST_BYTES = 4 * 1024 * 1024;

/**
 * Send a request and return `{status, json}`; `json` is null when the answer is none. With a body
 * it is a POST, else a GET.
 *
 * Rejects when nobody listens, when the folder is not the user's alone, and after `timeoutMs`.
 * node:http, not fetch: Bun and Node name the socket differently there, here they agree.
 */
export async function ask(socketPath, path, { body = undefined, timeoutMs }) {
  await checkPrivate(dirname(socketPath));
  const data = body === undefined ? null : Buffer.from(JSON.stringify(body));
  const headers = {
    host: "localhost",
    ...(data && { "content-type": "application/json", "content-length": data.length }),
  };
  let timer;
  const answered = new Promise((resolve, reject) => {
    const method = data ? "POST" : "GET";
    const sent = request({ socketPath, path, method, headers, agent: false });
    sent.on("response", (answer) => read(answer).then(resolve, reject));
    // Bun says `close` before the answer has been read, so it tells nothing; the timer does.
    sent.on("error", reject);
    timer = setTimeout(() => {
      reject(new Error("no answer in time"));
      sent.destroy();
    }, timeoutMs);
    sent.end(data);
  });
  return answered.finally(() => clearTimeout(timer));
}

async function read(answer) {
  const chunks = [];
  let bytes = 0;
  for await (const chunk of answer) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > MOST_BYTES) throw new Error("answer is too long");
  }
  return { status: answer.statusCode, json: parsed(chunks) };
}

/** Refuse a folder in which another user could have put a socket of theirs. */
async function checkPrivate(folder) {
  const status = await lstat(folder);
  const isOurs = status.isDirectory() && status.uid === process.geteuid?.();
  if (!isOurs || status.mode & 0o022) throw new Error("socket folder is not private");
}

function parsed(chunks) {
  try {
    return JSON.parse(Buffer.concat(chunks).toString());
  } catch {
    return null;
  }
}
