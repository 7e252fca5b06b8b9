# One PostgreSQL for one process. It lives in a folder of its own, is reached by a socket in it alone, and ends, folder and
# all, when the standard input does: also when the process that holds the other end was killed.
set -eu
trap '' HUP INT TERM
cd /
for folder in /usr/lib/postgresql/*/bin; do
    [ -x "$folder/initdb" ] && PATH="$folder:$PATH"
done
unset PGHOST PGPORT PGUSER PGDATABASE PGOPTIONS PGDATA 2>/dev/null || :
export LC_ALL=C PGCONNECT_TIMEOUT=5
command -v initdb >/dev/null || { echo "no initdb: install PostgreSQL (Debian: postgresql)" >&2; exit 1; }
home=$(mktemp -d "${TMPDIR:-/tmp}/amberglass-postgres-XXXXXX" 2>/dev/null || mktemp -d /tmp/amberglass-postgres-XXXXXX)
trap 'rm -rf "$home"' EXIT

initdb -D "$home/data" -U postgres -A trust -E UTF8 --locale=C --no-sync >"$home/log" 2>&1 ||
    { tail -n 20 "$home/log" >&2; exit 1; }
# One role has to give its password, for the tests of a wrong one.
printf 'local all guarded scram-sha-256\nlocal all all trust\n' >"$home/data/pg_hba.conf"

start() {
    # The settings, set by who starts this, are several words or none.
    postgres -D "$home/data" -k "$home" -p 5432 -c listen_addresses= -c unix_socket_permissions=0700 \
        -c max_connections=500 $settings >>"$home/log" 2>&1 </dev/null &
    server=$!
    tries=0
    until pg_isready -q -h "$home" -p 5432 -U postgres -d postgres; do
        tries=$((tries + 1))
        if [ "$tries" -gt 600 ] || ! kill -0 "$server" 2>/dev/null; then
            tail -n 20 "$home/log" >&2
            exit 1
        fi
        sleep 0.05
    done
}

# To the server and all its processes.
to_all() {
    for process in "$server" $(cat "/proc/$server/task/$server/children" 2>/dev/null); do
        kill -s "$1" "$process" 2>/dev/null || :
    done
}

stop() {
    kill -s "$1" "$server" 2>/dev/null || :
    wait "$server" || :
}

start
dirname "$(command -v psql)"
echo "$home"
while read -r word; do
    case $word in
        stop) stop INT ;;
        start) start ;;
        freeze) to_all STOP ;;
        thaw) to_all CONT ;;
    esac
    echo "$word"
done
to_all CONT
stop QUIT
