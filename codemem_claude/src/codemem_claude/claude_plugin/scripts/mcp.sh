#!/bin/sh
# Serve memories over MCP: the installed codemem of this plugin's version, else uvx.
. "${0%/*}/codemem.sh"

installed=
has codemem && installed=$(codemem version </dev/null 2>/dev/null)
case $installed in
  "$version") exec codemem mcp ;;
  "${version%%.*}".*)
    # Better than none: one of the same first number understands the database.
    has uvx || {
      guidance >&2
      exec codemem mcp
    }
    ;;
esac
# The project may bring uv settings that name another package index.
export UV_NO_CONFIG=1
exec uvx "codemem==$version" mcp
