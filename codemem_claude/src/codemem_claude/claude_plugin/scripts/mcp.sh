#!/bin/sh
# Serve memories over MCP: the installed codemem of this plugin's version, else a fetched one.
. "${0%/*}/codemem.sh"

# Tools look at the project of the folder they are started in. Programs have absolute paths by now.
serve() {
  cd "$work" 2>/dev/null || true
  exec "$program" mcp
}

installed=
[ -n "$program" ] && installed=$("$program" version </dev/null 2>/dev/null)
case $installed in
  "$version") serve ;;
esac
can_fetch && cd "$work" && fetched mcp && exit
case $installed in
  "${version%%.*}".*)
    # Better than none: one of the same first number understands the database.
    guidance >&2
    serve
    ;;
esac
guidance >&2
exit 1
