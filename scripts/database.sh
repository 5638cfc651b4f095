# Databases of this clone. Sourced after load_env.
#   fx_base   Odoo, the Belgian and French charts, French; slow, made once
#   fx_suite  fx_base with the three add-ons as they stand
#   fx_addons fx_suite with people and companies; the tests' template

CHARTS="l10n_be,l10n_fr_account"
NATIVE="sale_management,account_payment,account_edi_ubl_cii,account_qr_code_sepa,base_iban"
ADDONS="facturex_billing,facturex_banking,facturex_portal"
LANGUAGES="fr_FR"

# Odoo complains of these on any machine like ours; they say nothing about the add-ons.
KNOWN_NOISE=(
    -i "option --without-demo"
    -i "odoo.addons.base.models.ir_actions_report: .*[Ww]khtmltopdf"
)

# The configuration in use: the committed one, and where this clone keeps its things.
write_config() {
    mkdir -p "$RUN/data"
    {
        sed "s#^addons_path = addons#addons_path = $ROOT/addons#" "$ROOT/odoo.conf"
        echo "data_dir = $RUN/data"
        echo "db_host = $PGHOST"
        echo "db_port = $PGPORT"
        echo "db_user = $PGUSER"
    } >"$RUN/odoo.conf.$$"
    mv "$RUN/odoo.conf.$$" "$RUN/odoo.conf"
}

has_db() { [ "$(psql -d postgres -qAtc "select 1 from pg_database where datname = '$1'")" = 1 ]; }

# copy_db FROM TO: filestore too, as hard links
copy_db() {
    local left=60
    drop_db "$2"
    # a database that another script is reading is copied when it has done
    until createdb -T "$1" "$2" 2>"$RUN/$2.copy.err"; do
        left=$((left - 1))
        grep -q 'being accessed' "$RUN/$2.copy.err" && [ "$left" -gt 0 ] ||
            { cat "$RUN/$2.copy.err" >&2; die "$1 could not be copied to $2" "stop what uses it, then start again"; }
        sleep 2
    done
    if [ -d "$RUN/data/filestore/$1" ]; then cp -al "$RUN/data/filestore/$1" "$RUN/data/filestore/$2"; fi
}

drop_db() {
    dropdb --if-exists --force "$1" 2>/dev/null
    rm -rf "$RUN/data/filestore/$1"
}

# shake_ids DATABASE SEED: each table's next id is up to 40,000 further
shake_ids() {
    psql -d "$1" -qAt -v ON_ERROR_STOP=1 -v seed="$2" >/dev/null <<'SQL'
select setseed(:seed);
select setval(format('%I.%I', schemaname, sequencename), coalesce(last_value, 1) + (random() * 40000)::int)
  from (select * from pg_sequences order by sequencename) as sequences
 where sequencename like '%\_id\_seq';
SQL
}

# odoo_checked LOG ARGS...: runs Odoo; any warning in its log is a failure
odoo_checked() {
    local log="$1"
    shift
    if ! odoo -c "$RUN/odoo.conf" --no-http --stop-after-init --logfile="$log" "$@" >"$log.out" 2>&1; then
        tail -n 20 "$log" >&2
        die "Odoo stopped with an error" "see $log"
    fi
    checklog-odoo --no-echo --no-err-if-empty "${KNOWN_NOISE[@]}" "$log" >"$log.check" 2>&1 || {
        cat "$log.check" >&2
        die "Odoo logged a warning or an error" "see $log"
    }
}

# Not with the installation: it would make the first one the language of everybody.
load_languages() {
    local db="$1"
    shift
    odoo i18n loadlang -c "$RUN/odoo.conf" -d "$db" -l "$@" >"$RUN/languages.log" 2>&1 ||
        { tail -n 5 "$RUN/languages.log" >&2; die "the languages $* could not be loaded" "see .run/languages.log"; }
}

# make_db NAME KEY COMMAND...: a database that is complete or absent, remade when KEY changes;
# of two scripts that want it one makes it, the other waits
make_db() (
    exec 9>"$RUN/$1.lock"
    flock 9
    make_db_alone "$@"
)

make_db_alone() {
    local name="$1" key="$2"
    shift 2
    if has_db "$name" && [ "$(cat "$RUN/$name.key" 2>/dev/null)" = "$key" ]; then return 0; fi
    drop_db "$name"
    drop_db "$name-part"
    "$@" "$name-part"
    rm -rf "$RUN/data/filestore/$name"
    psql -d postgres -qc "alter database \"$name-part\" rename to \"$name\""
    if [ -d "$RUN/data/filestore/$name-part" ]; then mv "$RUN/data/filestore/$name-part" "$RUN/data/filestore/$name"; fi
    echo "$key" >"$RUN/$name.key"
}

# What Odoo alone makes changes with Odoo and its libraries, not with our code: the
# cache keeps it for the next clone. Nothing when Odoo's tree is not the cache's own.
odoo_identity() {
    local changes="$CACHE/odoo-19/usr/share/doc/odoo-19/changelog.Debian.gz"
    [[ "$ODOO_SITE" == "$CACHE"/* && -f "$changes" ]] || return 0
    { basename "$VENV" && psql -d postgres -qAtc 'show server_version_num' && cat "$changes"; } | sha256sum | cut -c1-12
}

# from_cache NAME COMMAND... DATABASE: restores what the cache keeps under NAME, else
# makes it with COMMAND and keeps it
from_cache() {
    local database="${*: -1}" identity kept
    identity="$(odoo_identity)"
    kept="$CACHE/databases/$1-$identity-$(printf '%s' "$NATIVE $CHARTS $LANGUAGES" | sha256sum | cut -c1-8)"
    shift
    if [ -n "$identity" ] && [ -f "$kept/dump" ] && restore_db "$kept" "$database"; then return 0; fi
    rm -rf "$kept" # what cannot be restored is made anew
    drop_db "$database"
    "$@"
    [ -z "$identity" ] || keep_db "$database" "$kept"
}

restore_db() { # restore_db FOLDER DATABASE
    createdb -T template0 "$2" && pg_restore -d "$2" --no-owner --exit-on-error "$1/dump" 2>"$RUN/restore.log" &&
        mkdir -p "$RUN/data/filestore/$2" && tar -xf "$1/filestore.tar" -C "$RUN/data/filestore/$2" && touch "$1"
}

keep_db() { # keep_db DATABASE FOLDER: without room for it, or twice at a time, it is not kept
    local part="$2.part.$$"
    mkdir -p "$part" "$RUN/data/filestore/$1"
    if pg_dump -Fc -Z 1 -f "$part/dump" "$1" && tar -cf "$part/filestore.tar" -C "$RUN/data/filestore/$1" .; then
        mv -T "$part" "$2" 2>/dev/null || true
    fi
    rm -rf "$part"
    # those that nobody used for a month
    find "$CACHE/databases" -mindepth 1 -maxdepth 1 -mtime +30 -exec rm -rf {} +
}

create_base() { from_cache base install_base "$1"; }

install_base() {
    createdb "$1"
    psql -d "$1" -qc 'create extension if not exists pg_trgm'
    odoo_checked "$RUN/base.log" -d "$1" -i "$NATIVE,$CHARTS" --log-level=warn
    load_languages "$1" $LANGUAGES
}

create_suite() {
    copy_db fx_base "$1"
    odoo_checked "$RUN/addons.log" -d "$1" -i "$ADDONS"
}

create_addons() {
    copy_db fx_suite "$1"
    odoo shell -c "$RUN/odoo.conf" -d "$1" --no-http --log-level=warn <"$ROOT/scripts/test_template.py" >"$RUN/template.log" 2>&1 &&
        ! grep -q Traceback "$RUN/template.log" ||
        { tail -n 5 "$RUN/template.log" >&2; die "the content of the test template could not be made" "see .run/template.log"; }
}

base_db() {
    make_db fx_base "$(printf '%s' "$ODOO_SITE $NATIVE $CHARTS $LANGUAGES" | sha256sum)" create_base
}

suite_db() {
    base_db
    make_db fx_suite "$(suite_hash)" create_suite
}

addons_db() {
    suite_db
    make_db fx_addons "$(cat "$RUN/fx_suite.key" "$ROOT/scripts/test_template.py" | sha256sum)" create_addons
}

# what is installed depends on; tests and documentation do not count
suite_hash() {
    {
        cat "$RUN/fx_base.key"
        find "$ROOT/addons" -type f ! -path '*/tests/*' ! -name '*.pyc' ! -name '*.md' -print0 | sort -z | xargs -0 sha256sum
    } | sha256sum
}
