"""The recorded session that `codemem demo` replays; `tools/record_demo` makes it."""
