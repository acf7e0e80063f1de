# Sourced by the scripts beside it: find the codemem of this plugin's version, keep a log.
# No process is started but `codemem version`, as these scripts run at every tool call.
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

# Succeeds when the codemem on PATH is of this plugin's version; another one may not understand the
# database. A PATH with relative folders would run a program of the project.
installed() {
  case $(command -v codemem) in
    /*) [ "$(codemem version </dev/null 2>/dev/null)" = "$version" ] ;;
    *) return 1 ;;
  esac
}

has_uvx() {
  case $(command -v uvx) in
    /*) return 0 ;;
  esac
  return 1
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
