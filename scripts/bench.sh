#!/usr/bin/env bash
# Benches: B=name for one of them, N="300 1000" for other sizes, OCA=1 to install beside
# ours, in an environment and a database of their own, the OCA add-ons that benches name.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
cd "$ROOT"
bash scripts/bootstrap.sh
load_env
. scripts/database.sh
write_config
export PYTHONPATH="$ROOT"
addons_db
python="$VENV/bin/python"

if [ -n "${OCA:-}" ]; then
    step "OCA add-ons of the benches"
    requirements="$("$python" -c '
import pathlib, re, sys
found = set()
for path in pathlib.Path("tests/bench").glob(f"bench_{sys.argv[1]}.py"):
    match = re.search(r"^OCA = \(([^)]*)\)", path.read_text(), re.M)
    if match:
        found |= set(re.findall(r"\"([^\"]+)\"", match[1]))
print("\n".join(sorted(found)))' "${B:-*}")"
    [ -n "$requirements" ] || die "this bench names no OCA add-on" "run: make bench${B:+ B=$B}"
    oca="$RUN/oca"
    "$python" -m venv --system-site-packages "$oca"
    # it sees the packages of the first environment, and what their .pth files add
    packages="$("$python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')"
    own="$("$oca/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')"
    cp "$packages"/*.pth "$own"
    echo "$packages" >"$own/environment.pth"
    # shellcheck disable=SC2086
    "$oca/bin/pip" install -q --no-deps $requirements >"$RUN/oca.log" 2>&1 || die "the OCA add-ons could not be installed" "see .run/oca.log"
    modules="$(sed -E 's/^odoo-addon-([a-z0-9-]+).*/\1/; s/-/_/g' <<<"$requirements" | paste -sd,)"
    copy_db fx_addons fx_bench
    "$oca/bin/python" -m odoo -c "$RUN/odoo.conf" -d fx_bench -i "$modules" --no-http --stop-after-init >"$RUN/oca-install.log" 2>&1 ||
        die "the OCA add-ons do not install" "see .run/oca-install.log"
    export BENCH_OCA="$oca/bin/python:fx_bench"
fi
step "Benches"
# shellcheck disable=SC2086
exec "$python" -m tests.bench.run "$RUN/odoo.conf" fx_addons ${B:-} ${B:+${N:-}}
