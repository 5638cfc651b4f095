# Serves the demo database in the background. Sourced; sets `url`, stops at exit.

serve_demo() {
    local port=8069
    has_db fx_demo || die "there is no demo database" "run: make demo ARGS=--no-serve"
    while (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do port=$((port + 1)); done
    url="http://127.0.0.1:$port"
    "$VENV/bin/python" -m odoo -c "$RUN/odoo.conf" -d fx_demo --db-filter='^fx_demo$' --http-port="$port" \
        --max-cron-threads=0 --logfile="$RUN/serve.log" >"$RUN/serve.out" 2>&1 &
    server=$!
    trap 'kill "$server" 2>/dev/null || true' EXIT
    wait_for_url "$url/web/login" "$server" "$RUN/serve.log"
}
