// The id by which an event is known, however often it is delivered.

import { createHash } from "node:crypto";

/** Return `oc:<session>:<type>:<20 hex>`, the digest over the event's key-sorted JSON. */
export function eventId({ sessionID, type, timestamp, payload }) {
  const text = sortedJson({
    session_id: sessionID,
    event_type: type,
    raw_event_type: type,
    timestamp,
    payload,
  });
  const digest = createHash("sha256").update(text).digest("hex").slice(0, 20);
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
