#!/bin/sh
# What the tests need beside Python: npm packages, and system packages where this machine lets us.
# Never fails: a test whose part is missing is skipped with the reason.
set -u
cd "$(dirname "$0")/.." || exit

say() { echo "set-up: $*" >&2; }

missing=
command -v node >/dev/null || missing="$missing nodejs"
command -v npm >/dev/null || missing="$missing npm"
command -v chromium >/dev/null || missing="$missing chromium"
command -v turnserver >/dev/null || missing="$missing coturn"
if [ -n "$missing" ]; then
    if [ "$(id -u)" = 0 ] && [ -e /etc/debian_version ]; then
        say "installing$missing with apt-get"
        # shellcheck disable=SC2086  # a list of words
        { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $missing; } \
            >/dev/null || say "apt-get could not install$missing; their tests are skipped"
    else
        say "not installed:$missing; their tests are skipped (as root on Debian they are installed here)"
    fi
fi

command -v npm >/dev/null || exit 0
for folder in examples/ag-ui-client examples/copilotkit tests/node; do
    [ -e "$folder/package-lock.json" ] || continue
    stamp=$folder/node_modules/.prepared
    wanted=$(cksum <"$folder/package-lock.json")
    [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ] && continue
    say "installing the npm packages of $folder"
    if (cd "$folder" && npm ci --silent --no-audit --no-fund --ignore-scripts); then
        echo "$wanted" >"$stamp"
    else
        say "npm could not install them; their tests are skipped"
    fi
done
