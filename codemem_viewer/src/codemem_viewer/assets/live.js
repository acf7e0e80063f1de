// Server-sent events, read with fetch: EventSource cannot show the key.

import { ask } from "/assets/key.js";

const PAUSE_MS = [500, 10_000];

// Call `hear(name)` for every event and `state("on" | "off")`, for ever. Only a tab that is looked
// at holds a connection: a browser has six for each server. Ends when the server refuses the key.
export async function watch(hear, state) {
  let pause = PAUSE_MS[0];
  for (let again = false; ; again = true) {
    while (document.hidden) await once("visibilitychange");
    const leave = new AbortController();
    const left = once("visibilitychange").then(() => leave.abort());
    try {
      const stream = await ask("/api/stream", { signal: leave.signal });
      state("on");
      pause = PAUSE_MS[0];
      if (again) hear("lost"); // what happened meanwhile
      await Promise.race([read(stream, hear), left]);
    } catch (error) {
      if (error.status === 401) throw error; // another server runs here now: a person must open its link
      // Gone, or busy: try again below.
    }
    state("off");
    if (!document.hidden) await new Promise((resolve) => setTimeout(resolve, pause));
    pause = Math.min(2 * pause, PAUSE_MS[1]);
  }
}

function once(name) {
  return new Promise((resolve) => document.addEventListener(name, resolve, { once: true }));
}

async function read(stream, hear) {
  let rest = "";
  const text = stream.pipeThrough(new TextDecoderStream()).getReader();
  for (let { value, done } = await text.read(); !done; { value, done } = await text.read()) {
    const blocks = (rest + value).split(/\r?\n\r?\n/);
    rest = blocks.pop();
    for (const block of blocks) {
      const name = block.match(/^event: (.*)$/m)?.[1];
      if (name) hear(name);
    }
  }
}
