// Print, as JSON lines, what the plugin would post of a recorded session.

import { load, replay } from "./recorded.mjs";

const { Capture } = await load("lib/capture.js");
const { socketPath } = await load("lib/settings.js");

const [what, value] = process.argv.slice(2);
if (what === "socket") console.log(JSON.stringify(socketPath(value)));
else {
  for (const event of replay(value, new Capture({ maxChars: 8000 }))) {
    console.log(JSON.stringify(event));
  }
}
