#!/bin/sh
# Hand a hook's payload (stdin) to codemem. Prints nothing and never fails the session.
. "${0%/*}/codemem.sh"

ignored && exit 0

code=75
if [ -n "$program" ]; then
  "$program" claude-hook-ingest --plugin-version "$version" >/dev/null 2>&1 && exit 0
  code=$?
fi
if ! is_other_version "$code"; then
  # `codemem doctor` looks for these words.
  log "payload LOST: $program claude-hook-ingest failed with $code"
  exit 0
fi

payload=$(cat)
[ -n "$payload" ] || exit 0
if can_fetch; then
  # uvx takes a second: nobody waits for it.
  {
    printf '%s' "$payload" | fetched claude-hook-ingest ||
      log "payload LOST: uvx codemem $version claude-hook-ingest failed with $?"
  } >/dev/null 2>&1 &
elif [ -n "$program" ]; then
  # Better than to lose it: one of the same first number understands the database.
  printf '%s' "$payload" |
    "$program" claude-hook-ingest --plugin-version "${version%%.*}" >/dev/null 2>&1 ||
    log "payload LOST: $(guidance)"
else
  log "payload LOST: $(guidance)"
fi
exit 0
