# Shared by every script of this folder: paths, progress lines, clear failures.
# Sourced, never run.

ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
CACHE="${XDG_CACHE_HOME:-$HOME/.cache}/facturex"
RUN="$ROOT/.run"                 # everything of this clone that is not source
ENV_FILE="$RUN/env"              # what bootstrap found or made, as shell variables
STARTED=$SECONDS

step() { printf '\033[1m==>\033[0m [%4ds] %s\n' "$((SECONDS - STARTED))" "$*"; }
info() { printf '    %s\n' "$*"; }
die() { # die "what went wrong" "what to do"
    printf '\n\033[31mStopped:\033[0m %s\n' "$1" >&2
    shift
    for line in "$@"; do printf '  -> %s\n' "$line" >&2; done
    exit 1
}

is_root() { [ "$(id -u)" = 0 ]; }

# need_package COMMAND PACKAGE...: installs as root, names the one line to run otherwise
need_package() {
    local command="$1"
    shift
    command -v "$command" >/dev/null 2>&1 && return 0
    install_packages "$@"
}

install_packages() {
    is_root || die "this machine lacks: $*" "run: sudo apt-get install -y $*" "then start again; what is done is kept"
    info "installing $* (apt-get)"
    mkdir -p "$RUN"
    {
        apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@"
    } >"$RUN/apt.log" 2>&1 || {
        tail -n 5 "$RUN/apt.log" >&2
        die "apt-get could not install: $*" "see .run/apt.log, then start again"
    }
}

# check_disk DIR MEGABYTES: a full disk is said before it breaks something
check_disk() {
    local dir="$1" need="$2" free
    mkdir -p "$dir"
    free="$(df -Pm "$dir" | awk 'NR == 2 {print $4}')"
    [ "$free" -ge "$need" ] || die "only $free MB free under $dir, $need MB are needed" \
        "make room, or point XDG_CACHE_HOME to a larger disk"
}

# load_env: the variables that bootstrap.sh wrote; scripts call it right after bootstrap
load_env() {
    [ -f "$ENV_FILE" ] || die "this clone is not set up" "run: make setup"
    set -a
    # shellcheck disable=SC1090
    . "$ENV_FILE"
    set +a
}

odoo() { "$VENV/bin/python" -m odoo "$@"; }

# wait_for_url URL PID LOG: until it answers, or the process is gone
wait_for_url() {
    local _
    for _ in $(seq 120); do
        kill -0 "$2" 2>/dev/null || { tail -n 5 "$3" >&2; die "the server stopped" "see $3"; }
        if "$VENV/bin/python" - "$1" >/dev/null 2>&1 <<'END'
import sys, urllib.request
urllib.request.urlopen(sys.argv[1], timeout=30).read(1)
END
        then return 0; fi
        sleep 1
    done
    die "$1 does not answer" "see $3"
}
