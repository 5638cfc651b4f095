#!/usr/bin/env bash
# The add-ons install apart and together, with and without a national chart, update in
# silence and leave Odoo working when they go. Any warning in the log fails.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
cd "$ROOT"
bash scripts/bootstrap.sh
load_env
. scripts/database.sh
write_config

works() { # a customer invoice can still be posted
    odoo shell -c "$RUN/odoo.conf" -d "$1" --no-http --logfile="$RUN/works.log" <scripts/works.py >"$RUN/works.out" 2>&1 &&
        grep -q '^works$' "$RUN/works.out" || { tail -n 20 "$RUN/works.out" >&2; die "Odoo no longer posts an invoice in $1" "see .run/works.out"; }
}

base_db
step "No national chart: one after the other"
create_plain() { from_cache plain install_plain "$1"; }
install_plain() { createdb "$1" && odoo_checked "$RUN/plain.log" -d "$1" -i "$NATIVE" --log-level=warn; }
make_db fx_plain "$(cat "$RUN/fx_base.key")" create_plain
copy_db fx_plain fx_check
for addon in ${ADDONS//,/ }; do
    odoo_checked "$RUN/check.log" -d fx_check -i "$addon"
    info "$addon installs"
done
works fx_check
step "Update of everything"
odoo_checked "$RUN/update.log" -d fx_check -u all
step "Uninstall, last first"
for addon in facturex_portal facturex_banking facturex_billing; do
    # this command logs to its error output, and takes no log file
    odoo module uninstall -c "$RUN/odoo.conf" -d fx_check "$addon" >"$RUN/uninstall.log" 2>&1 ||
        { tail -n 20 "$RUN/uninstall.log" >&2; die "$addon does not uninstall" "see .run/uninstall.log"; }
    checklog-odoo --no-echo --no-err-if-empty "${KNOWN_NOISE[@]}" "$RUN/uninstall.log" ||
        die "warnings while $addon was uninstalled" "see .run/uninstall.log"
    info "$addon is gone"
done
works fx_check
drop_db fx_check
for chart in ${CHARTS//,/ }; do
    step "Together, with $chart"
    copy_db fx_plain fx_check
    odoo_checked "$RUN/check.log" -d fx_check -i "$chart,$ADDONS"
    works fx_check
    drop_db fx_check
done
bash scripts/peppol_check.sh
info "install checks passed"
