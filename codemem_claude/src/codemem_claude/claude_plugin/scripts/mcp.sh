#!/bin/sh
# Serve memories over MCP: the installed codemem of this plugin's version, else uvx.
. "${0%/*}/codemem.sh"

if installed; then
  exec codemem mcp
fi
# The project may bring uv settings that name another package index.
export UV_NO_CONFIG=1
exec uvx "codemem==$version" mcp
