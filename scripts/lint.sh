#!/usr/bin/env bash
# Every static check: style, Odoo's own traps, manifests, shell syntax.
# All of them run; the exit status is 1 when one has something to say.
set -uo pipefail
. "$(dirname "$0")/lib.sh"
load_env
cd "$ROOT" || exit 1

failed=()
check() { # check NAME COMMAND...
    local name="$1"
    shift
    step "$name"
    "$@" || failed+=("$name")
}

# run_on COMMAND... <names ended by NUL: nothing to read is nothing to say
run_on() { xargs -0 --no-run-if-empty "$@"; }

# one model may be told in several files, one per feature
pylint_odoo() {
    find addons -name '*.py' -print0 | sort -z | run_on pylint -j 2 --rcfile=.pylintrc --disable=consider-merging-classes-inherited
}

oca_checks() {
    find addons -mindepth 2 -maxdepth 2 -name __manifest__.py -print0 | sort -z | run_on oca-checks-odoo-module
}

shell_syntax() {
    local script status=0
    while IFS= read -r script; do
        bash -n "$script" || status=1
    done < <(find scripts .ci -name '*.sh' -o -path .ci/run)
    return "$status"
}

check "ruff check" ruff check --quiet
check "ruff format" ruff format --check --quiet
check "pylint-odoo" pylint_odoo
check "oca-checks-odoo-module" oca_checks
check "shell syntax" shell_syntax

[ "${#failed[@]}" = 0 ] || die "$(printf '%s; ' "${failed[@]}")see above" "make fmt repairs what can be repaired by itself"
step "nothing to say"
