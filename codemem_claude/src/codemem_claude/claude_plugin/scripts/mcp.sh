#!/bin/sh
# Serve memories over MCP: the installed codemem of this plugin's version, else a fetched one.
. "${0%/*}/codemem.sh"

installed=
[ -n "$program" ] && installed=$("$program" version </dev/null 2>/dev/null)
case $installed in
  "$version") exec "$program" mcp ;;
esac
can_fetch && fetched mcp && exit
case $installed in
  "${version%%.*}".*)
    # Better than none: one of the same first number understands the database.
    guidance >&2
    exec "$program" mcp
    ;;
esac
guidance >&2
exit 1
