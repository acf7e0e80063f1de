#!/bin/sh
# Print the memories that fit a prompt's payload (stdin), or that there are none. Prints one JSON
# object whatever happens, because Claude Code puts anything else into the prompt.
. "${0%/*}/codemem.sh"

answer=
if ignored; then
  :
elif installed; then
  answer=$(codemem claude-hook-inject 2>/dev/null)
else
  case ${CODEMEM_INJECT_ALLOW_UVX:-} in
    1 | true | yes | on)
      has_uvx && answer=$(cd / && uvx "codemem==$version" claude-hook-inject 2>/dev/null)
      ;;
  esac
fi

case $answer in
  '{'*'}') printf '%s\n' "$answer" ;;
  *) printf '%s\n' '{"continue":true}' ;;
esac
exit 0
