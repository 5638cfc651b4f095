#!/usr/bin/env bash
# The main job on real input, from a fresh database; then the server in the foreground.
#   --no-serve   end after the job       N=5000   that many invoices per company
#   PORT=8069    the port to serve on (default: 8069, or the next free one)
set -euo pipefail
. "$(dirname "$0")/lib.sh"
cd "$ROOT"
serve=yes
for argument in "$@"; do
    case "$argument" in
        --no-serve) serve=no ;;
        *) die "unknown argument: $argument" "use: make demo, or make demo ARGS=--no-serve" ;;
    esac
done
volume="${N:-40}"
[[ "$volume" =~ ^[1-9][0-9]*$ ]] || die "N=$volume is not a number of invoices" "use: make demo N=5000"

bash scripts/bootstrap.sh
load_env
. scripts/database.sh
write_config
export PYTHONPATH="$ROOT"

port_free() { ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

taken() { die "port $PORT is taken" "stop what uses it, or choose another: make demo PORT=$((PORT + 1))"; }
[ -z "${PORT:-}" ] || port_free "$PORT" || taken

server= sink=
stop_all() {
    [ -z "$server" ] || kill "$server" 2>/dev/null || true
    [ -z "$sink" ] || kill "$sink" 2>/dev/null || true
    wait 2>/dev/null || true
}
trap stop_all EXIT

create_demo() {
    copy_db fx_suite "$1"
    load_languages "$1" fr_BE nl_NL nl_BE
}

if has_db fx_demo && [ "$(psql -d postgres -qAtc "select count(*) from pg_stat_activity where datname = 'fx_demo'")" != 0 ]; then
    die "the demo database is in use" "stop the other make demo or make shell, then start again"
fi

step "Database with the add-ons"
suite_db
drop_db fx_demo
rm -f "$RUN/fx_demo.key"
make_db fx_demo "$(date +%s)" create_demo

step "Mail sink and server"
rm -rf "$RUN/mails" "$RUN/smtp.port"
"$VENV/bin/python" scripts/smtp_sink.py --port 0 --dir "$RUN/mails" --port-file "$RUN/smtp.port" >"$RUN/sink.log" 2>&1 &
sink=$!
# chosen as late as possible: the database took a while
if [ -n "${PORT:-}" ]; then
    port_free "$PORT" || taken
else
    PORT=8069
    while ! port_free "$PORT"; do PORT=$((PORT + 1)); done
fi
url="http://127.0.0.1:$PORT"
"$VENV/bin/python" -m odoo -c "$RUN/odoo.conf" -d fx_demo --db-filter='^fx_demo$' --http-port="$PORT" --logfile="$RUN/demo.log" >"$RUN/demo.out" 2>&1 &
server=$!
wait_for_url "$url/web/login" "$server" "$RUN/demo.log"
[ -f "$RUN/smtp.port" ] || die "the mail sink did not start" "see .run/sink.log"

step "The story: quote, invoice, reminder, bank, accountant"
"$VENV/bin/python" scripts/seed/demo.py "$RUN/odoo.conf" fx_demo "$url" "$(cat "$RUN/smtp.port")" "$volume" 2>"$RUN/story.err" || {
    tail -n 15 "$RUN/story.err" >&2
    die "the story did not go through" "see .run/story.err and .run/demo.log"
}
psql -d fx_demo -qc analyze
info "$(find "$RUN/mails" -name '*.eml' | wc -l) mails in .run/mails"
step "Done"
cat <<END

  Open $url   (French, change the language in the preferences)
$("$VENV/bin/python" scripts/seed/demo.py logins)

  Five things to click:
    1. Facturex > Banque > À lettrer: what the bank lines may be, and why
    2. Facturex > Ventes > À relancer: who would be reminded today, and who not
    3. Facturex > Ventes > Factures: the invoice that the story got paid
    4. As the accountant: Comptable > Dossiers, both clients, one click into each
    5. As the customer: invoices and quotes on the portal
END
if [ "$serve" = no ]; then exit 0; fi
echo
info "Ctrl+C stops the server; the database stays until the next make demo"
wait "$server"
