#!/usr/bin/env bash
# The tests. Without an argument: those without a database, then all others.
#   T=path        only that path
#   --unit        only those without a database
#   --pot         not a test: write the .pot files from the current code
#   --pot-check   the committed .pot files are those of the current code
#   --coverage    measure the add-ons, and fail below the floor of .coveragerc
# FACTUREX_IDS=0.7 (0 to 1) begins every id elsewhere: a test that hangs on one shows itself
set -euo pipefail
. "$(dirname "$0")/lib.sh"
cd "$ROOT"

mode="${1:-}"
if [[ "$mode" == --unit || "$mode" == --pot* ]]; then bash scripts/bootstrap.sh; else bash scripts/bootstrap.sh browser; fi
load_env
. scripts/database.sh
write_config
export PYTHONPATH="$ROOT${PYTHONPATH:+:$PYTHONPATH}"

without_database() { "$VENV/bin/python" -m pytest -q -p no:odoo -p no:cacheprovider "$@"; }

# what the engines' own tests cover, and the others; they run apart
unit_coverage="$RUN/coverage/unit" database_coverage="$RUN/coverage/database"
measured_in() { # measured_in FOLDER COMMAND...
    local folder="$1"
    shift
    rm -rf "$folder"
    FACTUREX_COVERAGE="$folder" "$@" -p tests.covered
}

if [ "$mode" = --unit ]; then
    step "Tests without a database"
    if [ -n "${COVERAGE:-}" ]; then measured_in "$unit_coverage" without_database tests/unit tests/repo
    else without_database tests/unit tests/repo; fi
    exit
fi
if [ -z "${T:-}" ] && [[ "$mode" != --pot* && "$mode" != --coverage ]]; then
    step "Tests without a database"
    without_database tests/unit tests/repo
elif [[ "${T:-}" == tests/unit* || "${T:-}" == tests/repo* ]]; then
    without_database "$T"
    exit
fi

step "Database with the add-ons"
addons_db
case "$mode" in
    --pot) exec bash scripts/pot.sh fx_addons ;;
    --pot-check) exec bash scripts/pot.sh --check fx_addons ;;
esac

database=fx_addons
if [ -n "${FACTUREX_IDS:-}" ]; then
    step "Ids that begin elsewhere"
    database=fx_shaken
    copy_db fx_addons "$database"
    shake_ids "$database" "$FACTUREX_IDS"
fi

step "Tests with a database"
options=(-q --durations=15 -p no:cacheprovider -p tests.real_clock -p tests.kept_caches --odoo-http --odoo-config="$RUN/odoo.conf" --odoo-database="$database")
if [ -z "${T:-}" ]; then
    # two processes: each clones the database and has its own server port; files are
    # dealt in the order named, the longest first
    options+=(-n "${FACTUREX_TEST_WORKERS:-2}" --dist loadfile --no-loadscope-reorder -p tests.own_filestore)
fi
tests=("$VENV/bin/python" -m pytest "${options[@]}" ${T:-tests/e2e tests/scenario addons})
[ "$mode" = --coverage ] || exec "${tests[@]}"

# `COVERAGE=1 make unit` measured them already, of this very code?
if [ ! -d "$unit_coverage" ] || [ -n "$(find addons tests/unit -name '*.py' -newer "$unit_coverage" -print -quit)" ]; then
    measured_in "$unit_coverage" without_database tests/unit
fi
export FACTUREX_COVERAGE_BEFORE="$unit_coverage"
measured_in "$database_coverage" "${tests[@]}"
