# Sourced by the scripts of this folder: makes sure of a Python environment with mmrrsis installed.
#
#   ROOT=/path/to/checkout; . "$ROOT/tools/ensure_env.sh"; ensure_env [EXTRA,...]
#
# Uses the active virtual environment, else .venv in the checkout, which is made if it is not there. Installs the
# checkout with its requirements and, if given, the extras (`tests`, or `tests,docs`), unless the environment has them
# already. Sets ENV_PYTHON to the interpreter.
# PYTHON names the interpreter that .venv is made with (default: python3).

find_python() {
    local python=${PYTHON:-python3}
    if ! command -v "$python" >/dev/null; then
        echo "mmrrsis needs Python 3.10 or newer, but there is no \`$python\`. Install it, or name one: PYTHON=/path/to/python3" >&2
        return 1
    fi
    if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))'; then
        echo "mmrrsis needs Python 3.10 or newer, but $python is $("$python" -V 2>&1). Name another: PYTHON=/path/to/python3" >&2
        return 1
    fi
    command -v "$python"
}

ensure_env() {
    local extras=${1:-} extra env python stamp wanted missing=
    if [ -n "${VIRTUAL_ENV:-}" ]; then
        env=$VIRTUAL_ENV
        echo "[env] active environment $env"
    elif [ -n "${CONDA_PREFIX:-}" ] && [ "${CONDA_DEFAULT_ENV:-base}" != base ]; then
        env=$CONDA_PREFIX
        echo "[env] active environment $env"
    else
        env=$ROOT/.venv
        # An interpreter without pip is what an interrupted `python -m venv` leaves behind.
        if ! "$env/bin/python" -m pip --version >/dev/null 2>&1; then
            python=$(find_python) || return 1
            echo "[env] making $env with $("$python" -V)"
            if ! "$python" -m venv "$env"; then
                echo "The environment could not be made. Debian and Ubuntu have venv in the package python3-venv." >&2
                return 1
            fi
        else
            echo "[env] using $env"
        fi
    fi
    ENV_PYTHON=$env/bin/python
    PYTHON=$ENV_PYTHON find_python >/dev/null || return 1

    # Requirements are installed again when they have changed, or the checkout is another one.
    stamp=$env/.mmrrsis-installed
    wanted=$(cd "$ROOT" && { pwd -P; cat setup.py pyproject.toml requirements/*.txt; } | sha256sum | cut -d' ' -f1)
    for extra in "" ${extras//,/ }; do
        [ "$(cat "$stamp${extra:+-$extra}" 2>/dev/null)" = "$wanted" ] || missing=yes
    done
    if [ -z "$missing" ]; then
        echo "[env] requirements are installed"
        return 0
    fi
    echo "[env] installing mmrrsis and its requirements (PyTorch alone is large: minutes)"
    "$ENV_PYTHON" -m pip install --disable-pip-version-check --progress-bar off -e "$ROOT${extras:+[$extras]}" || return 1
    for extra in "" ${extras//,/ }; do
        printf '%s\n' "$wanted" >"$stamp${extra:+-$extra}"
    done
}
