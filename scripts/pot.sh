#!/usr/bin/env bash
# Writes addons/MODULE/i18n/MODULE.pot from a database that has the add-ons, and merges the .po files.
# Usage: pot.sh [--check] [DATABASE]     (DATABASE: or FACTUREX_DB)
# --check writes nothing, shows what is stale and exits 1.
# Take a database without demo data nor edited records: what it stores is what is exported.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

check=
database="${FACTUREX_DB:-}"
for argument in "$@"; do
    case "$argument" in
        --check) check=1 ;;
        -*) die "unknown option: $argument" "usage: scripts/pot.sh [--check] [DATABASE]" ;;
        *) database="$argument" ;;
    esac
done
[ -n "$database" ] || die "no database was named" "run: scripts/pot.sh [--check] DATABASE, or set FACTUREX_DB"
load_env
cd "$ROOT"

work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

# the files in i18n/ are left alone by -o; a module that is not installed ends Odoo with status 2
export_pot() { # export_pot MODULE
    odoo i18n export -c odoo.conf -d "$database" "$1" -l pot -o "$work/$1.pot" >"$work/log" 2>&1 || {
        tail -n 5 "$work/log" >&2
        die "the terms of $1 could not be exported" "is $1 installed in the database $database?"
    }
    "$VENV/bin/python" scripts/i18n_merge.py normalise "$1" "$work/$1.pot"
}

stale=0
for manifest in addons/*/__manifest__.py; do
    module="$(basename "$(dirname "$manifest")")"
    i18n="addons/$module/i18n"
    step "$module"
    export_pot "$module"
    if [ -n "$check" ]; then
        committed="$i18n/$module.pot"
        [ -f "$committed" ] || committed=/dev/null
        diff -u --label "$i18n/$module.pot" --label "database" "$committed" "$work/$module.pot" || stale=1
    else
        mkdir -p "$i18n"
        cp "$work/$module.pot" "$i18n/$module.pot"
        "$VENV/bin/python" scripts/i18n_merge.py merge "$i18n"
    fi
done
[ "$stale" = 0 ] || die "the .pot files are stale" "run: scripts/pot.sh DATABASE, translate what is new, commit"
