#!/usr/bin/env bash
# The environment that validates electronic invoices; prints its Python.
# Made once in the shared cache, apart from Odoo's own environment.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
load_env

key="$({ "$VENV/bin/python" -V; cat "$ROOT/requirements-einvoice.txt"; } | sha256sum | cut -c1-12)"
checker="$CACHE/einvoice-$key"
if [ ! -f "$checker/.ok" ]; then
    step "Validators of electronic invoices" >&2
    rm -rf "$checker"
    "$VENV/bin/python" -m venv "$checker"
    "$checker/bin/pip" install -q --disable-pip-version-check -r "$ROOT/requirements-einvoice.txt" \
        >"$RUN/einvoice.log" 2>&1 || die "the validators could not be installed" "see .run/einvoice.log"
    touch "$checker/.ok"
fi
echo "$checker/bin/python"
