# A private PostgreSQL cluster of this clone: loopback socket, free port, no fsync. Sourced.
# A server named by PG* that answers is used instead, and left alone.

# as root the server runs as another user, who may not enter our home: it lives under /var/tmp then
postgres_place() {
    local key
    key="$(printf '%s' "$ROOT" | sha256sum | cut -c1-10)"
    if is_root; then
        PG_USER="$(id -un postgres 2>/dev/null || echo nobody)"
        PG_HOME="/var/tmp/facturex-pg-$key"
    else
        PG_USER="$(id -un)"
        PG_HOME="$RUN/pg"
    fi
    PG_DATA="$PG_HOME/data"
    # a socket path is limited to about 100 characters: not inside a deep clone
    PG_SOCKET="/tmp/facturex-$key"
}

as_pg_user() {
    if is_root; then (cd / && setpriv --reuid="$PG_USER" --regid="$(id -gn "$PG_USER")" --init-groups env HOME="$PG_HOME" LC_ALL=C.UTF-8 "$@")
    else LC_ALL=C.UTF-8 "$@"; fi
}

postgres_binaries() {
    local newest
    newest="$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)"
    if [ -z "$newest" ] && ! command -v initdb >/dev/null 2>&1; then
        install_packages postgresql
        newest="$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -n 1)"
    fi
    [ -z "$newest" ] || PATH="$newest:$PATH"
}

free_port() {
    python3 - <<'END'
import socket
with socket.socket() as s:
    s.bind(("127.0.0.1", 0))
    print(s.getsockname()[1])
END
}

postgres_running() { [ -f "$PG_DATA/postmaster.pid" ] && as_pg_user pg_ctl -D "$PG_DATA" status >/dev/null 2>&1; }

postgres_start() {
    if [ "${FACTUREX_PG:-}" != own ] && [ -n "${PGHOST:-}${PGPORT:-}" ] && command -v psql >/dev/null 2>&1; then
        PGHOST="${PGHOST:-}" PGPORT="${PGPORT:-5432}" PGUSER="${PGUSER:-$(id -un)}"
        if [ "$PGHOST" != "/tmp/facturex-$(printf '%s' "$ROOT" | sha256sum | cut -c1-10)" ]; then
            psql -d postgres -qAtc 'select 1' >/dev/null 2>&1 ||
                die "the PostgreSQL named by PGHOST/PGPORT does not answer" "start it, or unset PGHOST and PGPORT"
            info "using the PostgreSQL named by PGHOST/PGPORT"
            return 0
        fi
    fi
    postgres_place
    postgres_binaries
    if [ ! -f "$PG_HOME/.ok" ]; then
        rm -rf "$PG_HOME"
        mkdir -p "$PG_HOME"
        check_disk "$PG_HOME" 1500
        is_root && chown "$PG_USER" "$PG_HOME"
        as_pg_user initdb -D "$PG_DATA" -U facturex -A trust -E UTF8 --locale=C.UTF-8 --no-sync >"$RUN/initdb.log" 2>&1 ||
            die "initdb failed" "see .run/initdb.log"
        # no autovacuum: its statistics of a nearly empty template make the planner
        # expect one row where a test's transaction holds thousands
        cat <<END | as_pg_user tee -a "$PG_DATA/postgresql.conf" >/dev/null
fsync = off
synchronous_commit = off
full_page_writes = off
shared_buffers = 256MB
max_connections = 200
max_wal_size = 2GB
jit = off
autovacuum = off
END
        touch "$PG_HOME/.ok"
    fi
    mkdir -p "$PG_SOCKET"
    is_root && chown "$PG_USER" "$PG_SOCKET"
    if ! postgres_running; then
        free_port >"$PG_HOME/port"
        as_pg_user pg_ctl -D "$PG_DATA" -l "$PG_HOME/log" -w -t 60 \
            -o "-p $(cat "$PG_HOME/port") -c listen_addresses='' -c unix_socket_directories='$PG_SOCKET'" start >/dev/null 9>&- ||
            die "the private PostgreSQL did not start" "see $PG_HOME/log; a full disk or a left-over process are the usual causes"
    fi
    PGHOST="$PG_SOCKET" PGPORT="$(cat "$PG_HOME/port")" PGUSER=facturex
    psql -qAtc 'select 1' -d postgres -h "$PGHOST" -p "$PGPORT" -U "$PGUSER" >/dev/null ||
        die "the private PostgreSQL refuses connections" "run: make clean, then start again"
}

postgres_stop() {
    postgres_place
    postgres_binaries
    if postgres_running; then as_pg_user pg_ctl -D "$PG_DATA" -m fast stop >/dev/null || true; fi
}
