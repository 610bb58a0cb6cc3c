# Words that the scripts of the action share. Nothing here runs anything.
# shellcheck shell=bash

# Ends the step with the exit code for a wrong use; `%` and line ends are what a workflow command
# must not hold.
fail() {
  local text="$*"
  text="${text//'%'/%25}"
  text="${text//$'\r'/%0D}"
  printf '::error title=migration-gate::%s\n' "${text//$'\n'/%0A}"
  exit 2
}

has() { command -v "$1" >/dev/null 2>&1; }

# Whether an input that is "true" or "false" is true.
is_true() {
  case "$2" in
    true) return 0 ;;
    false) return 1 ;;
    *) fail "the input \"$1\" is \"true\" or \"false\", not \"$2\"" ;;
  esac
}
