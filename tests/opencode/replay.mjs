// Print, as JSON lines, what the plugin makes of something: a recorded session, a path, secrets.

import { createInterface } from "node:readline";

import { load, replay } from "./recorded.mjs";

const { Capture } = await load("lib/capture.js");
const { Sessions } = await load("lib/sessions.js");
const { Spool } = await load("lib/spool.js");
const { bodyOf } = await load("lib/envelope.js");
const { redact } = await load("lib/redact.js");
const { socketPath } = await load("lib/place.js");
const { projectOf } = await load("lib/project.js");

const [what, value, folder] = process.argv.slice(2);
const say = (value) => console.log(JSON.stringify(value));
if (what === "socket") say(socketPath(value));
if (what === "project") say(projectOf(null, value));
const events = (recording) =>
  replay(recording, new Capture({ sessions: new Sessions(), maxChars: 8000 }));
if (what === "events") events(value).forEach(say);
if (what === "spool") {
  const bodies = events(value).map((event) =>
    bodyOf(event, { cwd: "/home/dev/demo", project: "demo", chosen: null }),
  );
  await new Spool(folder, { maxFiles: 1000, maxBytes: 10_000_000 }).keep(bodies);
  say(bodies);
}
if (what === "redact") {
  for await (const line of createInterface({ input: process.stdin })) say(redact(JSON.parse(line)));
}
