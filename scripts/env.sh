# shellcheck shell=bash
# Sourced by every script here: the repository root, where fetched tools live, and how stages are timed.
# Nothing in this file installs or builds anything.

ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
TOOLS="$ROOT/target/pyenv"   # Python venv: the MCP client for tests, and cargo tools shipped as wheels
# shellcheck disable=SC2034
STAMPS="$ROOT/target/stamps" # one small file per finished set-up step
cd "$ROOT" || exit 1

# What the machine brings wins over what bootstrap fetched.
PATH="$PATH:$TOOLS/bin:$ROOT/target/tools/bin"
export PATH
# A bare machine has no locale set; text beyond ASCII must survive there too.
export LANG="${LANG:-C.UTF-8}"

# A throw-away machine gains nothing from incremental files and loses gigabytes to them.
if [ -n "${CI:-}" ]; then export CARGO_INCREMENTAL="${CARGO_INCREMENTAL:-0}"; fi

# Standard output belongs to the program a script ends in; scripts talk on standard error.
say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }
die() {
  say "$*"
  exit 1
}

# SHA-256 over the contents and names of the given files and folders, leaving out what is generated.
fingerprint() {
  find "$@" \( -name node_modules -o -name dist -o -name .svelte-kit -o -name coverage \) -prune -o -type f -print0 |
    LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum | cut -d' ' -f1
}

# stage NAME COMMAND…: runs it under a heading and notes how long it took. A failure ends the script (`set -e`) with
# the summary; a plain call on purpose, because `"$@" || …` would switch `set -e` off inside the stage.
STAGE_LINES=()
STAGE_STARTED=$SECONDS
stage() {
  STAGE_NAME="$1" STAGE_BEGAN=$SECONDS
  shift
  printf '\n==> %s\n' "$STAGE_NAME" >&2
  trap stage_failed EXIT
  "$@"
  trap - EXIT
  STAGE_LINES+=("$(printf '%-40s ok     %5ds' "$STAGE_NAME" $((SECONDS - STAGE_BEGAN)))")
}

stage_failed() {
  STAGE_LINES+=("$(printf '%-40s FAILED %5ds' "$STAGE_NAME" $((SECONDS - STAGE_BEGAN)))")
  stage_summary
}

stage_summary() {
  printf '\n%s\n' '--- stages ---' >&2
  printf '%s\n' "${STAGE_LINES[@]}" >&2
  printf '%-40s        %5ds\n' 'all together' $((SECONDS - STAGE_STARTED)) >&2
}
