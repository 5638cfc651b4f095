#!/usr/bin/env bash
# Repairs what ruff can repair by itself, then formats.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
load_env
cd "$ROOT"

status=0
step "ruff check --fix"
ruff check --fix || status=1
step "ruff format"
ruff format
exit "$status"
