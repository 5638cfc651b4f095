#!/usr/bin/env bash
# The screenshots of docs/img, from the demo database as it stands.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
cd "$ROOT"
bash scripts/bootstrap.sh browser
load_env
. scripts/database.sh
. scripts/serve_demo.sh
write_config
export PYTHONPATH="$ROOT"
step "Server"
serve_demo
step "Screenshots"
"$VENV/bin/python" scripts/shots.py "$url" "$@"
