# Sourced by the scripts beside it: which codemem to run, and a log. They run at every tool call, so
# nothing here starts a process before it is needed.
# shellcheck shell=sh

case $0 in
  */*) here=${0%/*} ;;
  *) here=. ;;
esac

version=
while IFS= read -r line; do
  case $line in
    *'"version": "'*)
      version=${line#*'"version": "'}
      version=${version%%'"'*}
      break
      ;;
  esac
done <"$here/../.claude-plugin/plugin.json"

# Succeeds when this process should leave codemem alone: it is an observer's child.
ignored() {
  case ${CODEMEM_PLUGIN_IGNORE:-} in
    1 | true | yes | on) return 0 ;;
  esac
  return 1
}

# Succeeds when a program of this name is installed. A PATH with relative folders would run one of
# the project.
has() {
  case $(command -v "$1") in
    /*) return 0 ;;
  esac
  return 1
}

# Succeeds when an exit code of a hook command says that it is no codemem of this plugin's version,
# and has read nothing: 75 is ours, 2 that of releases without --plugin-version.
is_other_version() {
  [ "$1" -eq 75 ] || [ "$1" -eq 2 ]
}

# What to tell the user about it.
guidance() {
  printf '%s' "codemem on PATH is not $version, the version of its Claude Code plugin. Run 'uv tool" \
    " install --upgrade codemem', update the plugin ('/plugin marketplace update" \
    " codemem-marketplace'), and restart Claude Code."
}

log() {
  file=${CODEMEM_PLUGIN_LOG_PATH:-${CODEMEM_PLUGIN_LOG:-}}
  case $file in
    /*) ;;
    *) file=$HOME/.codemem/plugin.log ;;
  esac
  (
    umask 077
    mkdir -p "${file%/*}"
    printf '%s %s\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$1" >>"$file"
  ) 2>/dev/null
}
