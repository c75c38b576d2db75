# For scripts over the program with databases of their own, over SQLite and over PostgreSQL. Sourced, with the command that is tested:
#
#   . "$(dirname "$0")/../support/database.sh" migrate
#   for kind in SQLite PostgreSQL; do fresh; run 0 '^base$' current; … done
#   finish
#
# The working folder is then a temporary one ($dir), $titr the program (TITR, or build/titr), $root the source tree. PostgreSQL is the
# server TITR_TEST_POSTGRES names, or one that is started. Needs python3 and psql.
set -uo pipefail
command=$1
root=$(realpath "$(dirname "${BASH_SOURCE[0]}")/../..")
titr=$(realpath "${TITR:-$root/build/titr}")
dir=$(mktemp -d "${TMPDIR:-/tmp}/titr-$command.XXXXXX")
database=${command}_e2e_$$ own_services=
cleanup() {
  [[ -n ${server:-} ]] && psql "$server" -qc "DROP DATABASE IF EXISTS $database WITH (FORCE)" >/dev/null 2>&1
  [[ -n $own_services ]] && "$root/tests/services" stop "$own_services"
  rm -rf "$dir"
}
trap cleanup EXIT
server=${TITR_TEST_POSTGRES:-}
if [[ -z $server ]]; then
  own_services=$dir-services
  server=$("$root/tests/services" start "$own_services" | sed -n 's/^TITR_TEST_POSTGRES=//p')
fi
[[ -n $server ]] || { echo "no PostgreSQL"; echo "0 passed, 1 failed"; exit 1; }
cd "$dir" || exit 1

passed=0 failed=0 kind=any
ok() { passed=$((passed + 1)); }
bad() { failed=$((failed + 1)); echo "FAILED ($kind): $*"; }
is() { local name=$1; shift; if "$@"; then ok; else bad "$name"; fi; }
finish() {
  echo "$passed passed, $failed failed"
  [[ $failed = 0 ]]
  exit
}

# An empty database of $kind; its address is $url then.
fresh() {
  if [[ $kind == PostgreSQL ]]; then
    psql "$server" -qc "DROP DATABASE IF EXISTS $database WITH (FORCE)" -c "CREATE DATABASE $database" 2>/dev/null
    url=${server%/*}/$database
  else
    rm -f titr.db*
    url=sqlite:$dir/titr.db
  fi
}
# sql TEXT: the rows that a statement gives, in the database at hand
sql() {
  if [[ $kind == PostgreSQL ]]; then psql "$url" -qAtc "$1"
  else python3 -c 'import sqlite3, sys
c = sqlite3.connect(sys.argv[1], isolation_level=None); c.execute("PRAGMA busy_timeout = 5000")
for row in c.execute(sys.argv[2]): print(*row, sep="|")' "${url#sqlite:}" "$1"; fi
}
# run EXIT PATTERN ARGS...: the exit code, and a line of what the command says that matches; all of it is in the file `out` then
run() {
  local code=$1 pattern=$2 rc
  shift 2
  "$titr" "$command" "$@" --database "$url" >out 2>&1 </dev/null
  rc=$?
  if [[ $rc != "$code" ]]; then bad "$command $*: exit $rc, not $code: $(head -3 out)"
  elif ! grep -qE -- "$pattern" out; then bad "$command $*: no \"$pattern\" in: $(head -3 out)"
  elif grep -q titr-test-secret out; then bad "$command $*: the password shows"
  else ok; fi
}
