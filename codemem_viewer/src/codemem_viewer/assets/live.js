// Server-sent events, read with fetch: EventSource cannot show the key.

import { ask } from "/assets/key.js";

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 10_000;

// Call `hear(name, values)` for every event, and `state("on" | "off")`, for ever. Only a tab that
// is looked at holds a connection: a browser has six for each server.
export async function watch(hear, state) {
  let pause = FIRST_PAUSE_MS;
  for (let first = true; ; first = false) {
    await seen();
    const leave = new AbortController();
    const left = () => document.hidden && leave.abort();
    document.addEventListener("visibilitychange", left);
    try {
      const stream = await ask("/api/stream", { signal: leave.signal });
      state("on");
      pause = FIRST_PAUSE_MS;
      if (!first) hear("lost", {}); // what happened meanwhile
      await read(stream, hear);
    } catch {
      // Gone or refused: try again below.
    }
    document.removeEventListener("visibilitychange", left);
    state("off");
    await new Promise((resolve) => setTimeout(resolve, pause));
    pause = Math.min(2 * pause, LONGEST_PAUSE_MS);
  }
}

function seen() {
  return new Promise((resolve) => {
    if (!document.hidden) return resolve();
    document.addEventListener("visibilitychange", () => resolve(), { once: true });
  });
}

async function read(stream, hear) {
  let rest = "";
  const text = stream.pipeThrough(new TextDecoderStream()).getReader();
  for (let { value, done } = await text.read(); !done; { value, done } = await text.read()) {
    const blocks = (rest + value).split("\n\n");
    rest = blocks.pop();
    for (const block of blocks) {
      const field = (name) => block.match(new RegExp(`^${name}: (.*)$`, "m"))?.[1];
      if (field("event")) hear(field("event"), JSON.parse(field("data") ?? "{}"));
    }
  }
}
