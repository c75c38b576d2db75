#!/usr/bin/env bash
# The settings as an operator meets them: titr config, the pages made from the table, what a wrong value stops, secrets.
#
#   TITR=build/titr tests/e2e/config.sh        prints "ok …" lines and "N passed, N failed"
set -uo pipefail
root=$(realpath "$(dirname "$0")/../..")
titr=$(realpath "${TITR:-$root/build/titr}")
dir=$(mktemp -d "${TMPDIR:-/tmp}/titr-config.XXXXXX")
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1
passed=0 failed=0

ok() { passed=$((passed + 1)); echo "ok $*"; }
bad() { failed=$((failed + 1)); echo "FAILED: $*"; }
is() { local name=$1; shift; if "$@"; then ok "$name"; else bad "$name: $(head -n 3 out err 2>/dev/null | tr '\n' ' ')"; fi; }

# titr with nothing set but what is given here as NAME=value words before the arguments
clean() { env -i PATH="$PATH" HOME="$dir/home" "$@" >out 2>err </dev/null; }
# says NAME EXIT PATTERN WORDS…: the exit code, and a line of the output that matches ("": no output at all)
says() {
  local name=$1 code=$2 pattern=$3 rc
  shift 3
  clean "$@"
  rc=$?
  if [[ $rc != "$code" ]]; then bad "$name: exit $rc instead of $code: $(head -n 2 out err | tr '\n' ' ')"
  elif [[ -z $pattern && -s out ]]; then bad "$name: prints $(head -n 1 out)"
  elif [[ -n $pattern ]] && ! grep -qE -- "$pattern" out err; then bad "$name: no \"$pattern\" in $(head -n 3 out err | tr '\n' ' ')"
  else ok "$name"; fi
}

# ---- the pages in the tree ----
clean "$titr" config example
is ".env.example is what titr config example prints (make settings)" cmp -s out "$root/.env.example"
clean "$titr" config docs
is "docs/settings.md is what titr config docs prints (make settings)" cmp -s out "$root/docs/settings.md"
# the names that an AutoSub operator's .env may hold
while read -r line; do
  for name in $line; do grep -q "^| \`$name\` |" out || echo "$name"; done
done >missing <<'NAMES'
BOT_TOKEN ADMIN_IDS DB_HOST DB_PORT DB_NAME DB_USER DB_PASSWORD REDIS_HOST REDIS_PORT
REDIS_DB PUBLIC_BASE_URL WEBHOOK_SECRET PLATEGA_API_ID PLATEGA_API_KEY PLATEGA_PROJECT_ID PLATEGA_PROJECT_NAME
PLATEGA_WEBHOOK_URL PLATEGA_SUCCESS_URL PLATEGA_FAIL_URL PLATEGA_WEBHOOK_SECRET STORAGE_PATH MAX_FILE_SIZE_MB CLEANUP_HOURS
FREE_TTL_HOURS PRO_TTL_HOURS CREATOR_TTL_HOURS MAX_WORKERS MAX_VIDEO_DURATION_FREE MAX_VIDEO_DURATION_PRO
MAX_VIDEO_DURATION_CREATOR WHISPER_MODEL WHISPER_DEVICE WHISPER_CACHE_DIR TTS_CACHE_DIR TRANSLATION_DEVICE TRANSLATION_CACHE_DIR
HUGGINGFACE_TOKEN INSTAGRAM_PROXY INSTAGRAM_COOKIES_FILE INSTAGRAM_TIMEOUT INSTAGRAM_RETRIES DOWNLOAD_TIMEOUT DOWNLOAD_RETRIES
FFMPEG_PATH LOG_LEVEL DISABLE_LIMITS
NAMES
is "every name that AutoSub had is there" test ! -s missing
"$titr" help --man >page 2>/dev/null
is "the manual page has the settings" grep -q 'PLAN_TIME_ZONE' page
is "the manual page has the command" grep -q 'titr config' page
for shell in bash zsh fish; do
  "$titr" completion "$shell" >page
  is "completion for $shell knows config" grep -qE 'check show example docs' page
done

# ---- check ----
says "nothing set: nothing wrong" 0 "" "$titr" config check
cp "$root/.env.example" .env
says "the example as it is" 0 "" "$titr" config check
sed -i 's/^BOT_TOKEN=.*/BOT_TOKEN=123:abc/' .env
says "the example with a token" 0 "" "$titr" config check
sed -E 's/^#([A-Z_]+=.+)/\1/' "$root/.env.example" >.env
says "all defaults written out: port and user of no server" 0 '^warning: REDIS_PORT is set without REDIS_HOST' "$titr" config check
is "and nothing else" test "$(grep -cvE '^warning: (REDIS|DB)_[A-Z]+ is set without' out)" = 0

cat >.env <<'ENV'
BOT_TOKEN=hunter2-no-token
MAX_WORKERS=0
PRICE_PRO_MONTH=299.999
PLAN_TIME_ZONE=Mars/Olympus
REDIS_PROT=6379
REDIS_PORT=6379
DB_PASSWORD=hunter2
PLATEGA_API_KEY=hunter2
COMPOSE_PROJECT_NAME=x
LOG_LEVEL=loud
ENV
while IFS='|' read -r name pattern; do
  says "check: $name" 2 "$pattern" "$titr" config check
done <<'TABLE'
the range|^error: \.env:2: MAX_WORKERS: "0" is not a whole number from 1 to 64$
an enum|^error: \.env:10: LOG_LEVEL: "loud" is not one of debug, info, warning, error, critical$
an amount|^error: \.env:3: PRICE_PRO_MONTH: "299.999" is not an amount with at most two decimals
a zone|^error: \.env:4: PLAN_TIME_ZONE: "Mars/Olympus" is not a time zone
a secret's fault|^error: \.env:1: BOT_TOKEN: what is set is not a bot's token
a combination|^error: PLATEGA_API_KEY is set without PLATEGA_API_ID
a misspelling|^warning: \.env:5: REDIS_PROT is not a setting; is REDIS_PORT meant\?$
a foreign name|^warning: \.env:9: COMPOSE_PROJECT_NAME is not a setting of titr$
a companion|^warning: REDIS_PORT is set without REDIS_HOST
TABLE
is "errors come first" test "$(sed 's/:.*//' out | uniq | tr '\n' ' ')" = "error warning "
is "ten lines, one each" test "$(wc -l <out)" = 10
is "no secret in it" test -z "$(grep hunter2 out err)"
says "the environment's fault is named so" 2 '^error: environment: MAX_WORKERS: "x" is not' MAX_WORKERS=x "$titr" config check
printf 'A B\n' >.env
says "a file that is none" 2 '^error: \.env:1: not NAME=value$' "$titr" config check
says "a named file that is missing" 2 '^error: TITR_ENV_FILE: .*nowhere' TITR_ENV_FILE=nowhere "$titr" config check
head -c 3000 /dev/urandom >.env
says "noise" 2 '^error: \.env' "$titr" config check
says "a folder" 2 '^error: TITR_ENV_FILE' TITR_ENV_FILE=/ timeout 10 "$titr" config check

# ---- show ----
cat >.env <<'ENV'
BOT_TOKEN=123:hunter2
DB_HOST=db.example.org
DB_PASSWORD=hunter2/@:
TITR_MODEL_MIRROR=https://me:hunter2@mirror.example.org/models
INSTAGRAM_PROXY=socks5://me:hunter2@proxy:1080
ADMIN_IDS=1, 2
MAX_WORKERS=many
ENV
while IFS='|' read -r name pattern; do
  says "show: $name" 0 "$pattern" LOG_LEVEL=INFO "$titr" config show
done <<'TABLE'
a secret that is set|^BOT_TOKEN +\(set\) +\.env:1$
one that is not|^METRICS_TOKEN +\(not set\)$
a default|^REDIS_PORT +6379 +default$
an address without its password|^TITR_MODEL_MIRROR +https://me@mirror\.example\.org/models +\.env:4$
a list|^ADMIN_IDS +1,2 +\.env:6$
the environment|^LOG_LEVEL +info +environment$
a wrong one|^MAX_WORKERS +\(not set\) +\.env:7 \(wrong: `titr config check`\)$
an amount|^PRICE_PRO_MONTH +299\.00 +default$
the database|^database  postgresql://autosub@db\.example\.org:5432/autosub$
the queue|^queue     embedded in the database$
TABLE
is "show: no secret in it" test -z "$(grep hunter2 out err)"
says "show: a wrong port: no other database instead" 0 '^database  not known' DB_PORT=x "$titr" config show
says "show: Redis" 0 '^queue     Redis at r, port 6379, database 3$' REDIS_HOST=r REDIS_DB=3 "$titr" config show

# ---- whom a wrong value stops ----
says "a wrong setting of the service is nothing to titr styles" 0 modern_bold "$titr" styles
says "a wrong one that every command reads stops it" 2 'titr: environment: TITR_THREADS: "x" is not a whole number from 0 to 1024' TITR_THREADS=x "$titr" styles
says "but not the help" 0 'Usage' TITR_THREADS=x "$titr" help config
says "nor the example" 0 '^BOT_TOKEN=$' TITR_THREADS=x "$titr" config example

# ---- the command line, and the log ----
says "without a word" 2 'titr config check, show, example or docs' "$titr" config
says "a wrong word" 2 'did you mean check\?' "$titr" config chek
says "two words" 2 'say what to do' "$titr" config check show
says "an option" 2 'there is no option --json' "$titr" config check --json
says "help" 0 'titr config example > \.env' "$titr" config --help
says "help, whatever is set wrong" 0 '^titr migrate: ' LOG_LEVEL=loud "$titr" migrate --help
printf 'STORAGE_PATH=%s\n' "$dir/new/folder" >.env
says "the first migration makes the storage's folder" 0 'applied$' "$titr" migrate upgrade
is "with the database in it" test -s "$dir/new/folder/titr.db"
says "a named database's folder is not made" 1 'nowhere/titr.db' "$titr" migrate upgrade --database sqlite:nowhere/titr.db
is "nothing is left of it" test ! -e nowhere
printf 'TITR_TREADS=1\n' >.env
says "a plain warning" 0 'Z warning config: \.env:1: TITR_TREADS is not a setting' "$titr" styles
clean LOG_FORMAT=json "$titr" styles
is "a JSON warning" python3 -c 'import json,sys; o=json.loads(open("err").read()); sys.exit(not (o["level"]=="warning" and o["area"]=="config" and "TITR_TREADS" in o["message"]))'

echo "$passed passed, $failed failed"
[[ $failed = 0 ]]
