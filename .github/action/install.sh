# Finds, fetches or builds the program; `install_gate` sets `gate` to its path.
# shellcheck shell=bash

# The version of the crate that this action comes with.
own_version() {
  sed -n '/^\[package\]/,/^\[dep/s/^version = "\(.*\)"$/\1/p' "$ACTION_PATH/Cargo.toml"
}

# The target triple of the released archive for this machine; empty where there is none.
target() {
  case "$(uname -s)-$(uname -m)" in
    Linux-x86_64) echo x86_64-unknown-linux-gnu ;;
    Linux-aarch64 | Linux-arm64) echo aarch64-unknown-linux-gnu ;;
    Darwin-x86_64) echo x86_64-apple-darwin ;;
    Darwin-arm64) echo aarch64-apple-darwin ;;
  esac
}

# The checksum that the table holds for an archive; empty where there is none.
expected_checksum() {
  awk -v name="$1" '$1 !~ /^#/ && $2 == name { print $1 }' "$ACTION_PATH/.github/action/checksums.txt"
}

checksum() {
  if has sha256sum; then sha256sum <"$1"; else shasum -a 256 <"$1"; fi | cut -d ' ' -f 1
}

# Fetches a released archive and demands the bytes that the table promises: an archive that
# differs is an error, and never a reason to build from source.
fetch_release() {
  local archive="$1" version="$2" expected="$3" folder="$4" got
  local from="${MIGRATION_GATE_DOWNLOADS:-$GITHUB_SERVER_URL/${ACTION_REPOSITORY:-$GITHUB_REPOSITORY}/releases/download}"
  curl --fail --silent --show-error --location --retry 3 --max-time 300 --proto '=https,file' \
    --output "$folder/$archive" "$from/v$version/$archive" ||
    fail "cannot fetch $from/v$version/$archive"
  got="$(checksum "$folder/$archive")"
  [ "$got" = "$expected" ] ||
    fail "$archive has the SHA-256 $got, and the action's table says $expected"
  tar -xzf "$folder/$archive" -C "$folder" migration-gate
}

build_from_source() {
  case "$(uname -s)" in
    MINGW* | MSYS* | CYGWIN*) fail "the gate does not run on Windows yet: use a Linux or macOS runner" ;;
  esac
  has cargo || fail "there is no released archive for this machine, and no cargo to build one"
  cargo install --quiet --locked --path "$ACTION_PATH" --root "$1"
  mv "$1/bin/migration-gate" "$1/migration-gate"
}

install_gate() {
  if [ -n "$INPUT_BINARY" ]; then
    gate="$INPUT_BINARY"
    if [ ! -x "$gate" ]; then fail "the input \"binary\" names no program: $gate"; fi
    return
  fi
  local own version archive expected folder
  own="$(own_version)"
  version="${INPUT_VERSION:-$own}"
  [[ "$version" =~ ^[0-9]+\.[0-9]+\.[0-9]+$ ]] || fail "\"$version\" is no version such as $own"
  folder="$RUNNER_TEMP/migration-gate-$version"
  gate="$folder/migration-gate"
  # A second step of the same job finds what the first one put there.
  if [ -x "$gate" ]; then return; fi
  mkdir -p "$folder"
  archive="migration-gate-$version-$(target).tar.gz"
  expected="$(expected_checksum "$archive")"
  if [ -n "$expected" ]; then
    fetch_release "$archive" "$version" "$expected" "$folder"
    # Another or an older C library than that of the release.
    "$gate" --version >/dev/null 2>&1 || build_from_source "$folder"
  elif [ "$version" = "$own" ]; then
    build_from_source "$folder"
  else
    fail "$archive is not in this action's table of checksums; take the action of that version"
  fi
}
