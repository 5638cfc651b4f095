#!/usr/bin/env bash
# An Odoo shell on the demo database, or on the one named by DB.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
bash "$ROOT/scripts/bootstrap.sh"
load_env
. "$ROOT/scripts/database.sh"
write_config
has_db "${DB:-fx_demo}" || die "there is no database ${DB:-fx_demo}" "run: make demo ARGS=--no-serve"
cd "$ROOT" && exec "$VENV/bin/python" -m odoo shell -c "$RUN/odoo.conf" -d "${DB:-fx_demo}" --no-http
