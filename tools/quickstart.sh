#!/usr/bin/env bash
# From nothing to a trained and evaluated model, on a machine with Python and bash: tools/quickstart.sh [options]
# Options are those of tools/quickstart.py, see tools/quickstart.sh --help. Run it again and it goes on where it stopped.
set -euo pipefail
ROOT=$(cd "$(dirname "$0")/.." && pwd)
. "$ROOT/tools/ensure_env.sh"
ensure_env
exec "$ENV_PYTHON" "$ROOT/tools/quickstart.py" --environment-seconds "$SECONDS" "$@"
