// Print, as JSON lines, what the plugin makes of something: a recorded session, a path, secrets.

import { createInterface } from "node:readline";

import { load, replay } from "./recorded.mjs";

const { Capture } = await load("lib/capture.js");
const { Sessions } = await load("lib/sessions.js");
const { redact } = await load("lib/redact.js");
const { socketPath } = await load("lib/place.js");
const { projectOf } = await load("lib/project.js");

const [what, value] = process.argv.slice(2);
const say = (value) => console.log(JSON.stringify(value));
if (what === "socket") say(socketPath(value));
if (what === "project") say(projectOf(null, value));
if (what === "events") replay(value, new Capture({ sessions: new Sessions(), maxChars: 8000 })).forEach(say);
if (what === "redact") {
  for await (const line of createInterface({ input: process.stdin })) say(redact(JSON.parse(line)));
}
