# Brings in the commits that the gate compares with, where the checkout left them out.
# shellcheck shell=bash

# What the event's file says; empty where it says nothing.
event() {
  jq -r "($1) // empty | strings" "$GITHUB_EVENT_PATH"
}

# Whether a commit is here with its files.
has_commit() {
  git -C "$INPUT_PATH" cat-file -e "$1^{tree}" 2>/dev/null
}

# Git, with the token in the place of what the checkout may have kept: two of them are refused.
git_with_token() {
  if [ -z "$token" ]; then
    git -C "$INPUT_PATH" "$@"
    return
  fi
  local key="http.$GITHUB_SERVER_URL/.extraheader" basic
  basic="$(printf 'x-access-token:%s' "$token" | base64 | tr -d '\n')"
  GIT_TERMINAL_PROMPT=0 GIT_CONFIG_COUNT=2 \
    GIT_CONFIG_KEY_0="$key" GIT_CONFIG_VALUE_0="" \
    GIT_CONFIG_KEY_1="$key" GIT_CONFIG_VALUE_1="AUTHORIZATION: basic $basic" \
    git -C "$INPUT_PATH" "$@"
}

is_shallow() {
  [ "$(git -C "$INPUT_PATH" rev-parse --is-shallow-repository)" = true ]
}

# Fetches one commit without its history, unless it is here. Where it cannot be had, the gate
# says what is missing, so that is no error of this script.
fetch_commit() {
  local -a depth=(--no-tags)
  [[ "$1" =~ ^[0-9a-f]{40}$ ]] || return 0
  if has_commit "$1"; then return; fi
  if is_shallow; then depth+=(--depth=1); fi
  git_with_token fetch --quiet "${depth[@]}" origin "$1" || true
}

# Fetches a branch with the history that leads to it, unless both are here.
fetch_branch() {
  local -a depth=(--no-tags)
  if is_shallow; then
    depth+=(--unshallow)
  elif has_commit "refs/remotes/origin/$1"; then
    return
  fi
  git_with_token fetch --quiet "${depth[@]}" origin "+refs/heads/$1:refs/remotes/origin/$1" || true
}

# The commit's first parent, which the commit names even where history was cut off.
first_parent() {
  git -C "$INPUT_PATH" cat-file commit "$1" |
    awk '/^$/ { body = 1 } !body && !seen && /^parent [0-9a-f]+$/ { seen = 1; print $2 }'
}

# A pull request's checkout is a merge of GitHub's own making, whose first parent is the target
# branch. Another head may be anything, so the target branch itself is needed.
base_of_pull_request() {
  local head
  head="$(git -C "$INPUT_PATH" rev-parse --verify --quiet --end-of-options "$INPUT_HEAD^{commit}")" ||
    return 0
  if [ "$head" = "$GITHUB_SHA" ]; then
    fetch_commit "$(first_parent "$head")"
  elif [ -n "$target_branch" ]; then
    fetch_branch "$target_branch"
  fi
}

# What a push is compared with. A push to the default branch is compared with what that was before,
# and the gate refuses a commit that is gone; of a new default branch all is judged. Any other branch
# is one change, however many pushes it came in, and is compared with the default branch.
base_of_push() {
  local before default
  before="$(event .before)"
  default="$(event .repository.default_branch)"
  if [ "$GITHUB_REF" != "refs/heads/$default" ]; then
    fetch_branch "$default"
    target_branch="$default"
  elif [[ "$before" =~ ^0*$ ]]; then
    everything=true
  else
    fetch_commit "$before"
    base="$before"
  fi
}

# Sets `base`, `everything` and `target_branch` for the event; run.sh reads them.
# shellcheck disable=SC2034
find_base() {
  base="$INPUT_BASE" everything="$INPUT_ALL" target_branch="${GITHUB_BASE_REF:-}"
  if [ -n "$base" ]; then return; fi
  case "$GITHUB_EVENT_NAME" in
    pull_request | pull_request_review) base_of_pull_request ;;
    merge_group) fetch_commit "$(event .merge_group.base_sha)" ;;
    push) base_of_push ;;
    # Its checkout is the target branch, where there is nothing to be seen of the change.
    pull_request_target) fail "a change is checked on pull_request, not on pull_request_target" ;;
  esac
}
