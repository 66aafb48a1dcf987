#!/bin/sh
# Serves the gateway with the settings of .env, which the environment overrides. Becomes the server, so
# signals reach it.
set -eu
cd "$(dirname "$0")/.."

# NAME=value lines are taken literally: no shell expansion, so a key with a dollar sign stays a key.
if [ -f .env ]; then
    while IFS= read -r line || [ -n "$line" ]; do
        case $line in '' | '#'*) continue ;; esac
        line=${line#export }
        name=${line%%=*}
        value=${line#*=}
        case $name in
            *[!A-Za-z0-9_]* | [0-9]* | '' | "$line") echo ".env: not NAME=value: $name" >&2; exit 2 ;;
        esac
        case $value in
            \"*\") value=${value#\"}; value=${value%\"} ;;
            \'*\') value=${value#\'}; value=${value%\'} ;;
        esac
        printenv "$name" >/dev/null || export "$name=$value"
    done <.env
fi

exec .venv/bin/python -m gateway serve "$@"
