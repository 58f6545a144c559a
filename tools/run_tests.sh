#!/usr/bin/env bash
# Run the tests, the slow ones too: tools/run_tests.sh [options of pytest], for example -m "not slow"
set -euo pipefail
ROOT=$(cd "$(dirname "$0")/.." && pwd)
. "$ROOT/tools/ensure_env.sh"
ensure_env tests
cd "$ROOT"
exec "$ENV_PYTHON" -m pytest "$@"
