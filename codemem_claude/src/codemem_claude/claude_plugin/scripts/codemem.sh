# Sourced by the scripts beside it: which codemem to run, and a log. They run at every tool call, so
# nothing here starts a process before it is needed.
# shellcheck shell=sh

# A release sets this: only then is the package of this name and version on the index ours.
published=no

case $0 in
  /*/*) here=${0%/*} ;;
  */*) here=$PWD/${0%/*} ;;
  *) here=$PWD ;;
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

# Sets `kept` to a list of folders without those that the project could have put programs into:
# relative ones, the empty one, which is the working folder, and what lies in the project.
outside_project() {
  project=${CLAUDE_PROJECT_DIR:-$PWD}
  case ${HOME:-/}/ in
    "${project%/}"/*) project=/dev/null ;; # a session at home, or above it
  esac
  kept=
  rest=$1:
  while [ -n "$rest" ]; do
    entry=${rest%%:*}
    rest=${rest#*:}
    case $entry/ in
      "$project"/* | */../* | */./*) ;;
      /*) kept=$kept${kept:+:}$entry ;;
    esac
  done
}

outside_project "${PATH:-/usr/bin:/bin}"
PATH=$kept
export PATH
if [ -n "${PYTHONPATH:-}" ]; then
  outside_project "$PYTHONPATH"
  PYTHONPATH=$kept
  export PYTHONPATH
fi
# What runs from here on runs nothing of the project's folder by a relative name.
# shellcheck disable=SC2034 # mcp.sh reads it
work=$PWD
cd / || exit 0

# The program that `codemem setup` found, else the one on PATH; empty without one.
program=
if [ -r "$here/program" ]; then
  IFS= read -r program <"$here/program" || program=
  [ -x "$program" ] || program=
fi
if [ -z "$program" ]; then
  program=$(command -v codemem)
  case $program in
    /*) ;;
    *) program= ;;
  esac
fi

# Succeeds when this process should leave codemem alone: it is an observer's child.
ignored() {
  case ${CODEMEM_PLUGIN_IGNORE:-} in
    1 | true | yes | on) return 0 ;;
  esac
  return 1
}

# Succeeds when codemem may be fetched: after a release, or when the user wants it so.
can_fetch() {
  case $published:${CODEMEM_RUNNER:-}:${CODEMEM_RUNNER_FROM:-} in
    no:uvx:* | no:*:?* | yes:*) ;;
    *) return 1 ;;
  esac
  case $(command -v uvx) in
    /*) return 0 ;;
  esac
  return 1
}

# Runs a codemem of this version, fetched from the index or from what CODEMEM_RUNNER_FROM names.
fetched() {
  # The project may bring uv settings that name another package index.
  UV_NO_CONFIG=1 uvx --from "${CODEMEM_RUNNER_FROM:-codemem==$version}" codemem "$@"
}

# Succeeds when an exit code of a hook command says that it is no codemem of this plugin's version,
# and has read nothing: 75 is ours, 2 that of releases without --plugin-version.
is_other_version() {
  [ "$1" -eq 75 ] || [ "$1" -eq 2 ]
}

# What to tell the user about it.
guidance() {
  if [ -z "$program" ]; then
    printf '%s' "codemem $version is not installed, so nothing is remembered. Install it, run" \
      " 'codemem setup claude', and restart Claude Code."
    return
  fi
  printf '%s' "$program is not codemem $version, the version of its Claude Code plugin. Run 'uv tool" \
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
