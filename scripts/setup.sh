#!/bin/sh
# Prepares the private environment (.venv, .cache) and nothing outside this folder.
#
#   scripts/setup.sh run     what serving needs
#   scripts/setup.sh test    the same and the development tools
#   scripts/setup.sh bench   the same and what is measured beside
#
# Libraries of models are installed if GATEWAY_TEXT_MODEL and its like name them.
#
# Quick when nothing changed. Needs any python3 with venv; uv comes from the package registry, pinned, and
# finds a Python that the project accepts or downloads one.
set -eu
cd "$(dirname "$0")/.."

uv_version=0.13.8
mode=${1:-run}
case $mode in
    run) groups=--no-dev ;;
    test) groups=--dev ;;
    bench) groups=--all-groups ;;
    *) echo "usage: scripts/setup.sh run|test|bench" >&2; exit 2 ;;
esac

# Libraries of the models that the settings name, here or in .env.
models=",${GATEWAY_TEXT_MODEL:-},${GATEWAY_FALLBACK_MODELS:-},${GATEWAY_VOICE_MODEL:-},"
if [ -f .env ]; then
    while IFS= read -r line || [ -n "$line" ]; do
        case ${line#export } in
            GATEWAY_TEXT_MODEL=* | GATEWAY_FALLBACK_MODELS=* | GATEWAY_VOICE_MODEL=*) models="$models${line#*=}," ;;
        esac
    done <.env
fi
extras=
for extra in anthropic gemini litellm llamaapi mistral ollama openai sagemaker writer; do
    case $models in
        *[,\"\'\ ]"$extra"[,/_\"\'\ ]*) extras="$extras --extra $extra" ;;  # _: openai_responses
    esac
done

# The stamp names all that decides what .venv holds. The folder is part of it: a moved .venv is broken.
stamp=.venv/.prepared
wanted="$(cat uv.lock pyproject.toml scripts/setup.sh | cksum)$extras $PWD"
is_ready() { [ -x .venv/bin/python ] && grep -qxF "$1 $wanted" "$stamp" 2>/dev/null; }
if is_ready bench || { [ "$mode" != bench ] && is_ready test; } || { [ "$mode" = run ] && is_ready run; }; then exit 0; fi

say() { echo "set-up: $*" >&2; }
fail() { say "$*"; exit 1; }

# uv gets what it needs and nothing that an outer environment would make it do elsewhere.
unset VIRTUAL_ENV CONDA_PREFIX PYTHONHOME PYTHONPATH || true
export UV_PROJECT_ENVIRONMENT=.venv UV_COMPILE_BYTECODE=1
# A proxy that signs with its own authority is known to the system's certificates, not to uv's.
for bundle in /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt /etc/ssl/cert.pem; do
    if [ -e "$bundle" ]; then export UV_SYSTEM_CERTS="${UV_SYSTEM_CERTS:-1}"; break; fi
done
if [ -z "${UV_CACHE_DIR:-}" ] && [ ! -w "${HOME:-/nonexistent}" ]; then export UV_CACHE_DIR="$PWD/.cache/uv"; fi

# The folder's .python-version can make a version manager's python3 fail, so one is chosen by trying.
bootstrap_python() {
    for candidate in python3 python3.13 python3.12 python3.11 /usr/bin/python3 python; do
        if "$candidate" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 8))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    fail "no python3 with the venv module was found. Install one (on Debian or Ubuntu:" \
        "apt-get install python3-venv) and try again."
}

install_uv() {
    if [ "$(.cache/uv-venv/bin/uv --version 2>/dev/null | cut -d' ' -f2)" = "$uv_version" ]; then return; fi
    python=$(bootstrap_python)
    say "installing uv $uv_version into .cache/uv-venv"
    "$python" -m venv --clear .cache/uv-venv ||
        fail "$python could not make a virtual environment. On Debian or Ubuntu: apt-get install python3-venv."
    .cache/uv-venv/bin/python -m pip install --quiet --disable-pip-version-check --only-binary=uv "uv==$uv_version" ||
        fail "pip could not install uv $uv_version. Is the package registry reachable?"
}

# Installed ones first, version managers' included, since a download may not be possible.
project_python() {
    account_home=$(eval echo "~$(id -un)")
    for candidate in python3.12 python3.13 python3 \
        "${PYENV_ROOT:-$account_home/.pyenv}"/versions/3.12*/bin/python3 \
        "${PYENV_ROOT:-$account_home/.pyenv}"/versions/3.13*/bin/python3 \
        /usr/local/bin/python3.12 /usr/local/bin/python3.13 /opt/homebrew/bin/python3.12 /opt/homebrew/bin/python3.13
    do
        if "$candidate" -c 'import ctypes, ssl, sys; sys.exit(not (3, 12) <= sys.version_info[:2] < (3, 14))' 2>/dev/null; then
            "$candidate" -c 'import sys; print(sys.executable)'
            return
        fi
    done
    echo 3.12  # uv downloads it
}

install_uv
if [ -e "$stamp" ] && ! grep -qF " $PWD" "$stamp"; then rm -rf .venv; fi
python=$(project_python)
say "installing the locked dependencies into .venv (Python: $python)"
# shellcheck disable=SC2086  # the extras are words
.cache/uv-venv/bin/uv sync --quiet --locked "$groups" $extras --python "$python" ||
    fail "the locked dependencies could not be installed; the message above says why."
echo "$mode $wanted" >"$stamp"
