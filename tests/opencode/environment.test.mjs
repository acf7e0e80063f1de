// The environment is the user's: what a repository adds to it does not count.

import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";

import { folderWith } from "./folder.mjs";
import { load } from "./recorded.mjs";

const { safePath, userEnvironment } = await load("lib/environment.js");

test("where the system keeps what a process was started with, that counts", async (t) => {
  const folder = await folderWith(t, { environ: "HOME=/h\0A=b=c\0" });

  const env = userEnvironment([], {
    env: { CODEMEM_RUNNER: "/evil" },
    file: join(folder, "environ"),
  });

  assert.deepEqual(env, { HOME: "/h", A: "b=c" });
});

test("elsewhere, whatever a dotenv file of the folder names does not count", async (t) => {
  const folder = await folderWith(t, {
    ".env": "CODEMEM_RUNNER=/evil\nexport CODEMEM_DB = /evil\n# CODEMEM_PROJECT=x\n",
    ".env.local": "PATH=/evil\nCODEMEM_RAW_EVENTS=0\n",
  });
  const env = {
    ...{ CODEMEM_RUNNER: "/evil", CODEMEM_DB: "/evil", PATH: "/evil" },
    ...{ CODEMEM_RAW_EVENTS: "0", CODEMEM_PROJECT: "mine" },
  };

  // A switch can only be switched off: it stays.
  assert.deepEqual(userEnvironment([folder], { env, file: "/no/such" }), {
    CODEMEM_RAW_EVENTS: "0",
    CODEMEM_PROJECT: "mine",
  });
});

test("programs are not looked for in what a repository can fill", () => {
  const path =
    "/r/node_modules/.bin:/r/app/.venv/bin:.:bin::/node_modules/.bin:/other/node_modules/.bin:/home/me/.local/bin:/usr/bin";

  assert.equal(
    safePath(path, ["/r/app", "/"], "/home/me"),
    "/other/node_modules/.bin:/home/me/.local/bin:/usr/bin",
  );
  assert.equal(
    safePath("/home/me/.local/bin:/repository/bin", ["/home/me", "/repo"], "/home/me"),
    "/home/me/.local/bin:/repository/bin",
  );
  assert.equal(safePath(undefined, [], "/home/me"), "");
});
