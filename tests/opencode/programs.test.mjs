// Which program is codemem.

import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";

import { folderWith } from "./folder.mjs";
import { load } from "./recorded.mjs";

const { chooseRunner, findProgram } = await load("lib/programs.js");

const having =
  (...names) =>
  (name) =>
    names.includes(name) ? `/bin/${name}` : null;
const choose = (choice, ...names) =>
  chooseRunner({
    runner: null,
    from: null,
    checkout: null,
    version: "1.2.3",
    find: having(...names),
    ...choice,
  });

test("a program is the first executable file of its name", async (t) => {
  const folder = await folderWith(t, {
    "a/codemem": "no program",
    "b/codemem": "#!/bin/sh\n",
    "c/codemem": "#!/bin/sh\n",
  });
  const path = ["a", "b", "c"].map((name) => join(folder, name)).join(":");

  assert.equal(findProgram("codemem", path), join(folder, "b", "codemem"));
  assert.equal(findProgram("uvx", path), null);
});

test("without a choice it is the installed codemem, else uvx where the package is ours", () => {
  assert.deepEqual(choose({}, "codemem", "uvx").prefix, ["/bin/codemem"]);
  assert.equal(choose({}, "uvx").kind, "none");
  assert.deepEqual(choose({ published: true }, "uvx").prefix, ["/bin/uvx", "codemem==1.2.3"]);
  assert.deepEqual(choose({ from: "git+https://h/r" }, "uvx").prefix, [
    "/bin/uvx",
    "--from",
    "git+https://h/r",
    "codemem",
  ]);
  assert.equal(choose({}).kind, "none");
});

test("a chosen uvx takes its own source", () => {
  assert.deepEqual(choose({ runner: "uvx" }, "codemem", "uvx").prefix, [
    "/bin/uvx",
    "codemem==1.2.3",
  ]);
  assert.deepEqual(choose({ runner: "uvx", from: "codemem==1.3" }, "uvx").prefix, [
    ...["/bin/uvx", "--from", "codemem==1.3", "codemem"],
  ]);
});

test("uv runs a folder that the user named, or the checkout of the plugin, never the project", () => {
  const run = ["/bin/uv", "run", "--directory"];

  assert.deepEqual(choose({ runner: "uv", from: "/src" }, "uv").prefix, [
    ...run,
    "/src",
    "codemem",
  ]);
  assert.deepEqual(choose({ runner: "uv", checkout: "/me/codemem" }, "uv").prefix, [
    ...run,
    "/me/codemem",
    "codemem",
  ]);
  assert.equal(choose({ runner: "uv", from: "." }, "uv", "codemem").kind, "binary");
});

test("a path must be absolute and a program", async (t) => {
  const folder = await folderWith(t, { codemem: "#!/bin/sh\n", text: "no program" });

  assert.deepEqual(choose({ runner: join(folder, "codemem") }).prefix, [join(folder, "codemem")]);
  assert.deepEqual(choose({ runner: join(folder, "text") }, "codemem").prefix, ["/bin/codemem"]);
  assert.deepEqual(choose({ runner: "./codemem" }, "codemem").prefix, ["/bin/codemem"]);
  assert.deepEqual(choose({ runner: "my-codemem" }, "my-codemem").prefix, ["/bin/my-codemem"]);
});
