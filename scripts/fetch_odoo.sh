#!/usr/bin/env bash
# Unpacks Odoo 19 and the files it links to into one tree, without installing them.
# Usage: fetch_odoo.sh TARGET   (TARGET appears only when it is complete)
set -euo pipefail
. "$(dirname "$0")/lib.sh"

target="$1"
work="$target.part.$$"
trap 'rm -rf "$work"' EXIT
check_disk "$(dirname "$target")" 2500

command -v apt-get >/dev/null 2>&1 && command -v dpkg >/dev/null 2>&1 || die \
    "Odoo 19 is unpacked from a Debian package, and this machine has no apt-get" \
    "set ODOO_HOME to the folder of an Odoo 19 checkout (the one that holds odoo-bin)"

mirror="${FACTUREX_DEBIAN_MIRROR:-$(apt-get indextargets --format '$(SITE)' 2>/dev/null | grep -m1 -E '/debian/?$' || true)}"
codename="$(. /etc/os-release && echo "${VERSION_CODENAME:-}")"
. /etc/os-release
[ -n "$mirror" ] || die "no Debian mirror in this machine's apt configuration" \
    "set FACTUREX_DEBIAN_MIRROR to the address of a Debian mirror," \
    "or set ODOO_HOME to an Odoo 19 checkout"
stable="$codename"
[ "${ID:-}" = debian ] || stable="${FACTUREX_DEBIAN_STABLE:-bookworm}"

mkdir -p "$work"/{state/lists/partial,cache/archives/partial,debs,tree}
: >"$work/state/status"
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
[ -f "$keyring" ] || install_packages debian-archive-keyring
for suite in sid "$stable"; do
    echo "deb [signed-by=$keyring] $mirror $suite main"
done >"$work/sources.list"

apt_options=(
    -o "Dir::State=$work/state" -o "Dir::State::status=$work/state/status"
    -o "Dir::Cache=$work/cache" -o "Dir::Etc::sourcelist=$work/sources.list"
    -o Dir::Etc::sourceparts=/dev/null -o Dir::Etc::preferencesparts=/dev/null
    -o Acquire::Languages=none -o Acquire::Retries=3 -o APT::Architecture="$(dpkg --print-architecture)"
)
is_root && apt_options+=(-o APT::Sandbox::User=root)

info "reading the package lists (about 12 MB)"
apt-get "${apt_options[@]}" -qq update >"$work/log" 2>&1 || {
    tail -n 3 "$work/log" >&2
    die "the package lists could not be read" "check the network, or set ODOO_HOME to an Odoo 19 checkout"
}
info "downloading Odoo 19 (about 150 MB)"
(
    cd "$work/debs"
    apt-get "${apt_options[@]}" -qq download \
        odoo-19/sid libjs-jquery/sid libjs-jquery-form/sid libjs-underscore/sid fonts-montserrat/sid \
        fonts-roboto-unhinted/sid fonts-ocr-b/sid fonts-glyphicons-halflings/sid \
        "fonts-font-awesome/$stable" "fonts-inconsolata/$stable"
) >>"$work/log" 2>&1 || {
    tail -n 3 "$work/log" >&2
    die "the Odoo 19 packages could not be downloaded" "try again, or set ODOO_HOME to an Odoo 19 checkout"
}
info "unpacking"
for deb in "$work"/debs/*.deb; do dpkg -x "$deb" "$work/tree"; done

# links that are absolute on an installed system must stay inside the tree
find "$work/tree" -type l -lname '/*' -print0 | while IFS= read -r -d '' link; do
    to="$(readlink "$link")"
    ln -sfn "$(realpath -m --relative-to="$(dirname "$link")" "$work/tree$to")" "$link"
done
site="$work/tree/usr/lib/python3/dist-packages"
[ -f "$site/odoo/release.py" ] || die "the package does not hold odoo/release.py" "report it; set ODOO_HOME meanwhile"
dangling="$(find "$site/odoo" -xtype l | head -n 3)"
[ -z "$dangling" ] || info "links without a file (Odoo may miss a font): $dangling"
mv "$work/tree" "$target"
