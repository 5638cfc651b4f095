#!/usr/bin/env bash
# Sending with Odoo's Peppol connector, which the tests' database does not have: it is
# installed in a copy of the add-ons' database, and tests/peppol runs there.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
cd "$ROOT"
bash scripts/bootstrap.sh
load_env
. scripts/database.sh
write_config
export PYTHONPATH="$ROOT${PYTHONPATH:+:$PYTHONPATH}"

step "Peppol: the connector beside our add-ons"
addons_db
copy_db fx_addons fx_peppol
odoo_checked "$RUN/peppol.log" -d fx_peppol -i account_peppol
"$VENV/bin/python" -m pytest -q -p no:cacheprovider --odoo-config="$RUN/odoo.conf" \
    --odoo-database=fx_peppol tests/peppol
drop_db fx_peppol
