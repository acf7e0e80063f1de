// An event as it is posted, and the id by which it is known however often it is delivered.

import { createHash } from "node:crypto";

import { redact } from "./redact.js";

/**
 * Return the body for `POST /api/raw-events`, which is also what `enqueue-raw-event` reads.
 *
 * @param {{sessionID: string, startedAt: string | null, payload: any}} event
 * @param {{cwd: string, project: string | null, chosen: string | null, agent?: string}} place
 *   `chosen`: the project that the user named, which stands over what the folder says; `agent`: who
 *   runs the plugin, when it is not OpenCode
 */
export function bodyOf({ sessionID, startedAt, payload }, { cwd, project, chosen, agent }) {
  const { type, timestamp } = payload;
  return {
    ...(agent && agent !== "opencode" ? { source: agent } : {}),
    session_stream_id: sessionID,
    session_id: sessionID,
    opencode_session_id: sessionID,
    event_id: eventId({ sessionID, type, timestamp, payload }),
    event_type: type,
    ts_wall_ms: Date.parse(timestamp),
    ts_mono_ms: performance.now(),
    payload: chosen ? { ...payload, codemem: { project: chosen } } : payload,
    cwd: redact(cwd),
    project: redact(project),
    started_at: startedAt,
  };
}

/** Return `oc:<session>:<type>:<20 hex>`, the digest over the event's key-sorted JSON. */
export function eventId({ sessionID, type, timestamp, payload }) {
  const text = sortedJson({
    session_id: sessionID,
    event_type: type,
    raw_event_type: type,
    timestamp,
    payload,
  });
  // Marks of secrets differ from process to process.
  const same = text.replace(/(\[REDACTED:[\w-]+):[0-9a-f]{4}\]/g, "$1]");
  const digest = createHash("sha256").update(same).digest("hex").slice(0, 20);
  return `oc:${plain(sessionID, 48)}:${plain(type, 24)}:${digest}`;
}

function plain(text, chars) {
  return text.replace(/[^A-Za-z0-9._:-]/g, "_").slice(0, chars);
}

function sortedJson(value) {
  return JSON.stringify(value, (_key, item) => {
    if (item === null || typeof item !== "object" || Array.isArray(item)) return item;
    return Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}
