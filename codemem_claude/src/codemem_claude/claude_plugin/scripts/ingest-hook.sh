#!/bin/sh
# Hand a hook's payload (stdin) to codemem. Prints nothing and never fails the session.
. "${0%/*}/codemem.sh"

ignored && exit 0

code=75
if has codemem; then
  codemem claude-hook-ingest --plugin-version "$version" >/dev/null 2>&1 && exit 0
  code=$?
fi
if ! is_other_version "$code"; then
  log "claude-hook-ingest failed with $code"
  exit 0
fi

payload=$(cat)
[ -n "$payload" ] || exit 0
if has uvx; then
  # uvx takes a second: nobody waits for it. The project's uv settings are none of its business.
  {
    cd /
    printf '%s' "$payload" | uvx "codemem==$version" claude-hook-ingest ||
      log "uvx codemem==$version claude-hook-ingest failed with $?"
  } >/dev/null 2>&1 &
elif has codemem; then
  # Better than to lose it: one of the same first number understands the database.
  printf '%s' "$payload" |
    codemem claude-hook-ingest --plugin-version "${version%%.*}" >/dev/null 2>&1 ||
    log "event lost: $(guidance)"
else
  log "event lost: neither codemem $version nor uvx is installed"
fi
exit 0
