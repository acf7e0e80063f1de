#!/bin/sh
# Print the memories that fit a payload (stdin), or that there are none. Prints one JSON object
# whatever happens, because Claude Code puts anything else into the prompt.
. "${0%/*}/codemem.sh"

nothing='{"continue":true}'
answer=
code=75
if ignored; then
  printf '%s\n' "$nothing"
  exit 0
fi

if [ -n "$program" ]; then
  answer=$("$program" claude-hook-inject --plugin-version "$version" 2>/dev/null)
  code=$?
fi
if is_other_version "$code"; then
  answer=
  case ${CODEMEM_INJECT_ALLOW_UVX:-} in
    1 | true | yes | on) can_fetch && answer=$(fetched claude-hook-inject 2>/dev/null) ;;
  esac
fi
# Once a session: this is what session-start-hook.sh asks for.
if [ "$code" -ne 0 ] && [ -z "$answer" ] && [ "${1:-}" = "with-guidance" ]; then
  can_fetch || answer="{\"continue\":true,\"systemMessage\":\"$(guidance)\"}"
fi

case $answer in
  '{'*'}') printf '%s\n' "$answer" ;;
  *) printf '%s\n' "$nothing" ;;
esac
exit 0
