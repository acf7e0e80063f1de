#!/bin/sh
# Hand a hook's payload (stdin) to codemem. Prints nothing and never fails the session.
. "${0%/*}/codemem.sh"

ignored && exit 0

if installed; then
  codemem claude-hook-ingest >/dev/null 2>&1 ||
    log "claude-hook-ingest failed with $?"
elif has_uvx; then
  payload=$(cat)
  [ -n "$payload" ] || exit 0
  # uvx takes a second: nobody waits for it. The project's uv settings are none of its business.
  {
    cd / && printf '%s' "$payload" | uvx "codemem==$version" claude-hook-ingest ||
      log "uvx codemem==$version claude-hook-ingest failed with $?"
  } >/dev/null 2>&1 &
else
  log "event lost: neither codemem $version nor uvx is installed"
fi
exit 0
