#!/bin/sh
# A payload (stdin): keep it in the background, answer with what fits it.
. "${0%/*}/codemem.sh"

payload=$(cat)
if [ -z "$payload" ]; then
  printf '%s\n' '{"continue":true}'
  exit 0
fi
# Through pipes only: a file would hold what the user marked as private.
printf '%s' "$payload" | "$here/ingest-hook.sh" >/dev/null 2>&1 &
printf '%s' "$payload" | "$here/inject-context-hook.sh" "$@"
exit 0
