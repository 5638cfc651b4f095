#!/usr/bin/env bash
# Makes everything that `make demo` and `make test` need; run again, it only does what is missing.
# Usage: bootstrap.sh [browser]   (browser: Chromium too, for tours and screenshots)
# Skipped when already there: Odoo (ODOO_HOME, or `odoo` importable), PostgreSQL (PGHOST or PGPORT reachable).
set -euo pipefail
. "$(dirname "$0")/lib.sh"

mkdir -p "$RUN" "$CACHE"
check_disk "$ROOT" 500

# one bootstrap at a time may fill the shared cache
exec 9>"$CACHE/.lock"
flock -n 9 || { info "another clone is filling the cache, waiting"; flock 9; }

imports_odoo() { "$1" -c 'import odoo.release as r, sys; sys.exit(r.version_info[:2] != (19, 0))' >/dev/null 2>&1; }

# One that has Odoo already; else the distribution's own: it is compiled with optimisations
# that one built on the spot (pyenv) usually lacks, without which tests take a fifth longer.
find_python() {
    local candidate with_odoo=
    if imports_odoo python3; then with_odoo=python3; fi
    for candidate in "${PYTHON:-}" "$with_odoo" /usr/bin/python3 python3.11 python3.12 python3.13 python3; do
        [ -n "$candidate" ] || continue
        "$candidate" -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' \
            >/dev/null 2>&1 && { command -v "$candidate"; return 0; }
    done
    return 1
}

python_ready() {
    PY="$(find_python)" || { install_packages python3 python3-venv python3-pip; PY="$(find_python)" ||
        die "no usable Python (3.11 to 3.13, with venv)" "run: sudo apt-get install -y python3 python3-venv"; }
}

# The tree that goes on the .pth: empty when Odoo is importable by itself.
odoo_tree() {
    if [ -n "${ODOO_HOME:-}" ]; then
        [ -f "$ODOO_HOME/odoo/release.py" ] || die "ODOO_HOME=$ODOO_HOME holds no odoo/release.py" \
            "point it to the folder that holds odoo-bin"
        grep -q '(19, 0' "$ODOO_HOME/odoo/release.py" || die "ODOO_HOME is not Odoo 19.0" "check out branch 19.0"
        ODOO_SITE="$ODOO_HOME"
        info "using ODOO_HOME"
    elif imports_odoo "$PY"; then
        ODOO_SITE="$("$PY" -c 'import odoo.release as r, pathlib; print(pathlib.Path(r.__file__).parents[1])')"
        info "using the Odoo 19 that $PY imports"
    else
        local tree="$CACHE/odoo-19"
        [ -d "$tree" ] || bash "$ROOT/scripts/fetch_odoo.sh" "$tree"
        ODOO_SITE="$tree/usr/lib/python3/dist-packages"
        # Debian leaves a non-free library out; without the file every page logs an error
        local blur="$ODOO_SITE/odoo/addons/mail/static/lib/selfie_segmentation/selfie_segmentation.js"
        [ -f "$blur" ] || { mkdir -p "$(dirname "$blur")"; echo "/* not in this distribution */" >"$blur"; }
    fi
}

# Built in its final place (a venv cannot move); the stamp is written last, a venv without it is rebuilt.
virtualenv_ready() {
    local key
    key="$( {
        "$PY" -V
        echo "$ODOO_SITE"
        cat "$ROOT"/requirements.txt "$ROOT"/requirements-dev.txt "$ROOT"/scripts/requirements-odoo.txt "$ROOT"/scripts/constraints.txt
    } | sha256sum | cut -c1-12)"
    VENV="$CACHE/venv-$key"
    if [ ! -f "$VENV/.ok" ]; then
        check_disk "$CACHE" 1500
        rm -rf "$VENV"
        "$PY" -m venv "$VENV"
        "$VENV/bin/pip" install -q --disable-pip-version-check -c "$ROOT/scripts/constraints.txt" \
            -r "$ROOT/scripts/requirements-odoo.txt" -r "$ROOT/requirements.txt" -r "$ROOT/requirements-dev.txt" \
            >"$RUN/pip.log" 2>&1 || {
            tail -n 5 "$RUN/pip.log" >&2
            die "the Python packages could not be installed" "see .run/pip.log; missing compilers: sudo apt-get install -y build-essential python3-dev libpq-dev"
        }
        echo "$ODOO_SITE" >"$("$VENV/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/odoo.pth"
        "$VENV/bin/python" -c 'import odoo.release' || die "Odoo does not import in the new environment" "see .run/pip.log"
        ln -sfn "$VENV/bin/wkhtmltopdf-pack" "$VENV/bin/wkhtmltopdf"
        touch "$VENV/.ok"
    fi
    ln -sfn "$VENV" "$ROOT/.venv"
    "$VENV/bin/wkhtmltopdf" --version >/dev/null 2>&1 || install_packages libxrender1 libxext6 libfontconfig1 fonts-dejavu-core
    "$VENV/bin/wkhtmltopdf" --version 2>/dev/null | grep -q 'patched qt' ||
        info "wkhtmltopdf is not the patched build: invoices will have no header and footer"
}

browser_ready() {
    command -v chromium >/dev/null || command -v google-chrome >/dev/null || command -v chromium-browser >/dev/null ||
        install_packages chromium
    headless_shell
}

# Debian's build of Chromium without windows: a page costs it two thirds of the processor
# time. Unpacked beside the installed one, whose libraries it needs; tried once per version,
# and where that fails the installed one serves.
headless_shell() {
    local version tree="$CACHE/headless-shell" work="$CACHE/headless-shell.part.$$"
    version="$(dpkg-query -W -f '${Version}' chromium 2>/dev/null || true)"
    rm -f "$RUN/bin/chromium"
    [ -n "$version" ] || return 0
    if [ "$(cat "$tree/version" 2>/dev/null)" != "$version" ]; then
        check_disk "$CACHE" 600
        mkdir -p "$work/tree"
        (
            cd "$work" &&
                apt-get -qq -o APT::Sandbox::User=root download "chromium-headless-shell=$version" "chromium-common=$version" &&
                for deb in ./*.deb; do dpkg -x "$deb" tree; done
        ) >"$RUN/browser.log" 2>&1 || info "no headless Chromium (.run/browser.log): the installed one serves"
        echo "$version" >"$work/tree/version"
        rm -rf "$tree"
        mv "$work/tree" "$tree"
        rm -rf "$work"
    fi
    local binary="$tree/usr/lib/chromium/chromium-headless-shell"
    "$binary" --version >/dev/null 2>&1 || return 0
    mkdir -p "$RUN/bin"
    ln -sfn "$binary" "$RUN/bin/chromium"
}

step "Python"
python_ready
step "Odoo 19"
odoo_tree
step "Python packages"
virtualenv_ready
if [ "${1:-}" = browser ]; then
    step "Chromium"
    browser_ready
fi
exec 9>&-
step "PostgreSQL"
. "$ROOT/scripts/postgres.sh"
postgres_start

cat >"$ENV_FILE.part" <<END
VENV='$VENV'
ODOO_SITE='$ODOO_SITE'
PATH='$RUN/bin:$VENV/bin':"\$PATH"
PGHOST='$PGHOST'
PGPORT='$PGPORT'
PGUSER='$PGUSER'
END
mv "$ENV_FILE.part" "$ENV_FILE"
