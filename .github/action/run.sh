#!/usr/bin/env bash
# The action: installs the gate, runs it on the event's change and tells GitHub what it said.
#
# Every input comes through the environment (action.yml). The exit code is the gate's.
set -euo pipefail

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
# shellcheck source=.github/action/common.sh
. "$here/common.sh"
# shellcheck source=.github/action/install.sh
. "$here/install.sh"
# shellcheck source=.github/action/base.sh
. "$here/base.sh"

# Kept from what runs below: a migration is its author's code.
token="$INPUT_TOKEN" approvals_token="$INPUT_APPROVALS_TOKEN"
unset INPUT_TOKEN INPUT_APPROVALS_TOKEN

# GitHub refuses a longer summary as a whole.
readonly summary_limit=1048576

# Prints the lines of an input that are not empty.
lines() {
  local line
  while IFS= read -r line || [ -n "$line" ]; do
    line="${line%$'\r'}"
    if [ -n "$line" ]; then printf '%s\n' "$line"; fi
  done <<<"$1"
}

# Appends `$1=LINE` to the arguments for every line of an input.
add_each() {
  local line
  while IFS= read -r line; do arguments+=("$1=$line"); done < <(lines "$2")
}

add_if() {
  if [ -n "$2" ]; then arguments+=("$1=$2"); fi
}

# Appends the files that the input "files" names.
add_files() {
  local line file
  while IFS= read -r line; do
    if [ -d "$line" ]; then
      for file in "$line"/*.json "$line"/*/*.json; do
        if [ -f "$file" ]; then arguments+=("$file"); fi
      done
    else
      arguments+=("$line")
    fi
  done < <(lines "$INPUT_FILES")
}

add_reports() {
  arguments+=("--format=$format" "--report=json=$report" "--report=markdown=$summary")
  arguments+=("--report=github=$annotations")
  add_if --bundle "$INPUT_BUNDLE"
  add_each --report "$INPUT_REPORTS"
}

check_arguments() {
  find_base
  arguments=(check "--head=$INPUT_HEAD")
  if is_true all "$everything"; then arguments+=(--all); fi
  add_if --base "$base"
  add_if --set "$INPUT_SET"
  add_if --config "$INPUT_CONFIG"
  add_if --shard "$INPUT_SHARD"
  add_if --postgres-bin "$INPUT_POSTGRES_BIN"
  add_each --approved-by "$INPUT_APPROVED_BY"
  if [ -n "$approvals_token" ]; then arguments+=(--approvals=github); fi
  add_reports
  arguments+=(-- "$INPUT_PATH")
}

merge_arguments() {
  target_branch=""
  arguments=(merge)
  add_reports
  arguments+=(--)
  add_files
}

# Posts the report; ends with its verdict, or with another code where it is refused.
publish() {
  arguments=(publish "--report=$report" "--check-name=$INPUT_CHECK_NAME")
  add_if --comment-author "$INPUT_COMMENT_AUTHOR"
  is_true check-run "$INPUT_CHECK_RUN" || arguments+=(--no-check)
  is_true comment "$INPUT_COMMENT" || arguments+=(--no-comment)
  GITHUB_TOKEN="$token" "$gate" "${arguments[@]}"
}

# Whatever the report says, and whatever it is called, a line of the runner's file is one output.
write_outputs() {
  case "$report" in *$'\n'*) fail "the name of the report has a line end" ;; esac
  jq -r '
    def word: tostring | select(test("\\A[a-z0-9]*\\z"));
    "verdict=\(.verdict | word)", "errors=\(.counts.errors | word)",
    "warnings=\(.counts.warnings | word)", "notes=\(.counts.notes | word)",
    "digest=\(.digest | word)"' "$report" >>"$GITHUB_OUTPUT"
  printf 'report=%s\n' "$report" >>"$GITHUB_OUTPUT"
}

write_summary() {
  if [ "$(wc -c <"$summary")" -lt "$summary_limit" ]; then
    cat "$summary" >>"$GITHUB_STEP_SUMMARY"
  else
    echo "The report is too long for this page; it is in the job's files." >>"$GITHUB_STEP_SUMMARY"
  fi
}

# The exit code that goes with the report's verdict.
code_of_verdict() {
  jq -r '{ pass: 0, block: 1, inconclusive: 3 }[.verdict | strings] // 2' "$report"
}

# A report that is refused is a stranger's word, and gives no outputs.
publish_foreign() {
  local code=0
  arguments=()
  add_files
  [ "${#arguments[@]}" -eq 1 ] || fail "\"publish\" takes one file in the input \"files\""
  report="${arguments[0]}"
  publish || code=$?
  if [ "$code" -ne 2 ] && [ "$code" = "$(code_of_verdict)" ]; then write_outputs; fi
  return "$code"
}

# Posts what was judged here; where that is refused, the log and the summary have it all.
publish_own() {
  local code=0
  publish || code=$?
  if [ "$code" = "$(code_of_verdict)" ]; then return; fi
  cat "$annotations"
  printf '> Nothing could be posted: the log of this step says why, and the verdict stands.\n\n' \
    >>"$GITHUB_STEP_SUMMARY"
  write_summary
}

# Runs "check" or "merge" and passes its verdict on, which posting never changes.
judge() {
  local folder posts=false format="$INPUT_FORMAT" code=0
  if is_true publish "$INPUT_PUBLISH"; then posts=true; fi
  # What is posted brings its own annotations.
  if [ -z "$format" ]; then
    if [ "$posts" = true ]; then format=plain; else format=github; fi
  fi
  folder="$(mktemp -d "$RUNNER_TEMP/migration-gate-report.XXXXXX")"
  report="$folder/report.json" summary="$folder/summary.md" annotations="$folder/annotations"
  "${INPUT_COMMAND}_arguments"
  GITHUB_BASE_REF="$target_branch" GITHUB_TOKEN="$approvals_token" "$gate" "${arguments[@]}" || code=$?
  if [ -s "$report" ]; then
    write_outputs
    if [ "$posts" = true ]; then publish_own; fi
    # Where it was posted, the summary is there and says how that went.
    if [ ! -s "$GITHUB_STEP_SUMMARY" ]; then write_summary; fi
  fi
  exit "$code"
}

# Whether each input that is "true" or "false" is one, before anything is done.
check_inputs() {
  is_true all "$INPUT_ALL" || true
  is_true publish "$INPUT_PUBLISH" || true
  is_true check-run "$INPUT_CHECK_RUN" || true
  is_true comment "$INPUT_COMMENT" || true
}

check_inputs
has jq || fail "jq is missing on this runner"
install_gate
case "$INPUT_COMMAND" in
  check | merge) judge ;;
  publish) publish_foreign ;;
  *) fail "the input \"command\" is check, merge or publish, not \"$INPUT_COMMAND\"" ;;
esac
