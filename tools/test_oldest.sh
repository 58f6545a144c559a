#!/usr/bin/env bash
# Run the quick tests with the oldest versions that the requirements allow (requirements/oldest.txt):
#
#   tools/test_oldest.sh [options of pytest]
#
# The environment is .venv-oldest in the checkout, made by the first run (some 6 GB, minutes) and used by the next ones.
# PYTHON names the interpreter that it is made with (default: python3), 3.10 to 3.12: there are no wheels of the oldest
# versions for newer ones.
set -euo pipefail
ROOT=$(cd "$(dirname "$0")/.." && pwd)
cd "$ROOT"
. tools/ensure_env.sh
ENV=$ROOT/.venv-oldest
if ! "$ENV/bin/python" -m pip --version >/dev/null 2>&1; then
    python=$(find_python)
    echo "[env] making $ENV with $("$python" -V)"
    "$python" -m venv "$ENV"
fi
"$ENV/bin/python" -m pip install --disable-pip-version-check --progress-bar off -c requirements/oldest.txt -e '.[tests]'
# Old releases warn about newer ones beside them: only failures count here.
exec "$ENV/bin/python" -m pytest -m 'not slow' -W default "$@"
