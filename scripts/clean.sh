#!/usr/bin/env bash
# Stops what this clone started and removes what it made; with --cache the shared
# downloads too, with --stop nothing is removed.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
. "$ROOT/scripts/postgres.sh"

postgres_stop
[ "${1:-}" != --stop ] || exit 0
postgres_place
rm -rf "$PG_HOME" "$PG_SOCKET" "$RUN" "$ROOT/.venv" "$ROOT/.pytest_cache" "$ROOT/.ruff_cache" "$ROOT/.hypothesis"
find "$ROOT" -name __pycache__ -type d -prune -exec rm -rf {} +
if [ "${1:-}" = --cache ]; then rm -rf "$CACHE"; fi
info "clean"
