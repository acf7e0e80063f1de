// Settings: environment over file over default.

import assert from "node:assert/strict";
import { test } from "node:test";

import { load } from "./recorded.mjs";

const { isOff, readSettings } = await load("lib/settings.js");

test("the documented defaults", () => {
  const settings = readSettings({});

  assert.deepEqual(
    [settings.injectLimit, settings.injectTokenBudget, settings.commandMs, settings.hardMax],
    [8, 800, 20_000, 2000],
  );
  assert.deepEqual([settings.backoffMs, settings.statusCheckMs], [10_000, 30_000]);
  assert.deepEqual([settings.minVersion, settings.updatePolicy], ["0.9.20", "notify"]);
  assert.deepEqual(
    [settings.captures, settings.injects, settings.viewer, settings.viewerStops],
    [true, true, true, true],
  );
});

test("a variable stands over the file, which stands over the default", () => {
  const file = {
    inject_limit: 5,
    viewer_enabled: false,
    plugin_cmd_timeout_ms: 7,
    raw_events: "off",
  };
  const settings = readSettings({ CODEMEM_INJECT_LIMIT: "3", CODEMEM_PROJECT: " mine " }, file);

  assert.deepEqual(
    [settings.injectLimit, settings.viewer, settings.commandMs, settings.captures],
    [3, false, 7, false],
  );
  assert.equal(settings.project, "mine");
});

test("a value that cannot be used counts as not set", () => {
  const settings = readSettings(
    { CODEMEM_PLUGIN_MAX_EVENT_CHARS: "many", CODEMEM_RAW_EVENTS: "perhaps" },
    { db: ["x"] },
  );

  assert.equal(settings.maxEventChars, 8000);
  assert.equal(settings.captures, true);
  assert.equal(settings.database, "~/.codemem/mem.sqlite");
});

for (const [text, policy] of [
  ["auto", "auto"],
  ["YES", "auto"],
  ["off", "off"],
  ["0", "off"],
  ["x", "notify"],
]) {
  test(`the update policy ${text} is ${policy}`, () => {
    assert.equal(readSettings({ CODEMEM_BACKEND_UPDATE_POLICY: text }).updatePolicy, policy);
  });
}

test("inside an observer of ours the plugin is off", () => {
  assert.equal(isOff({ CODEMEM_PLUGIN_IGNORE: "1" }), true);
  assert.equal(isOff({}), false);
});
