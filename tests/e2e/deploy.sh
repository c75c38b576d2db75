#!/bin/bash
# What is in deploy/ against the program: the compose file's syntax, the commands, roles and settings it names, the packages that the image
# needs, the units.
set -uo pipefail
cd "$(dirname "$0")/../.."
titr=$(realpath "${TITR:-build/titr}")
export TITR=$titr
passed=0 failed=0
ok() { # NAME STATUS [WHY]
  if [ "$2" = 0 ]; then echo "ok $1"; passed=$((passed + 1)); else echo "not ok $1${3:+: $3}"; failed=$((failed + 1)); fi
}
while IFS= read -r line; do
  case $line in
    'ok '*) ok "${line#ok }" 0 ;;
    *) ok "compose: $line" 1 ;;
  esac
done < <(python3 - 2>&1 <<'P'
import os, re, subprocess, yaml
titr = os.environ["TITR"]
compose = yaml.safe_load(open("deploy/docker-compose.yml", encoding="utf-8"))
print("ok the compose file is YAML")
help_text = subprocess.run([titr, "help"], capture_output=True, text=True).stdout
commands = set(re.findall(r"^  ([a-z]+)  +", help_text.split("Commands:")[1].split("Exit codes:")[0], re.M))
known = set(re.findall(r"^#? ?([A-Z][A-Z0-9_]+)=", open(".env.example", encoding="utf-8").read(), re.M))
services = compose["services"]
wanted = {"bot", "worker", "web", "postgres", "redis", "migrate"}
print("ok all roles are there" if wanted <= set(services) else f"missing: {wanted - set(services)}")
for name, s in services.items():
    for key in s:
        if key not in ("image build env_file environment volumes read_only tmpfs cap_drop security_opt restart logging command entrypoint "
                       "depends_on healthcheck stop_grace_period deploy ports").split():
            print(f"{name}: {key} is no key of a service")
    ours = s["image"] == "titr"
    if ours and "command" in s:
        print(f"ok {name}: titr {s['command'][0]}" if s["command"][0] in commands else f"{name}: titr has no command {s['command'][0]} ({commands})")
    for v in s.get("environment", {}) if ours else ():
        if v not in known and v != "HOME":
            print(f"{name}: {v} is not a setting")
    for d in s.get("depends_on", {}):
        if d not in services:
            print(f"{name}: depends on {d}, which is not there")
        elif s["depends_on"][d]["condition"] == "service_healthy" and "healthcheck" not in services[d]:
            print(f"{name}: {d} has no health check to wait for")
    for v in s.get("volumes", ()):
        if v.split(":")[0] not in compose["volumes"]:
            print(f"{name}: no volume {v}")
    if name in ("bot", "worker", "web", "postgres", "redis"):
        lacks = [k for k in ("healthcheck", "stop_grace_period", "restart") if k not in s] + \
            ([] if s.get("deploy", {}).get("resources", {}).get("limits", {}).get("memory") else ["memory limit"])
        print(f"ok {name} has its health check, limits and grace" if not lacks else f"{name} lacks {lacks}")
    if ours:
        hard = s.get("read_only") and s.get("cap_drop") == ["ALL"] and "no-new-privileges:true" in s.get("security_opt", [])
        print(f"ok {name} is hardened" if hard else f"{name} is not hardened")
    test = s.get("healthcheck", {}).get("test", [])
    if ours and test:
        good = test[:3] == ["CMD", "titr", "health"] and "bot worker webhook".find(test[3]) >= 0
        print(f"ok {name}: titr health {test[3]}" if good else f"{name}: {test}")
P
)
# The image's packages are those that the program is linked with, on Debian 12.
if [ "$(. /etc/os-release; echo "$ID$VERSION_ID")" = debian12 ]; then
  for library in $(ldd "$titr" | grep -oE '^[^ ]*(dnnl|gomp|jansson|seccomp|libcurl|libssl|libcrypto|libz\.|libzip|icuuc|sqlite3|libpq|hiredis|microhttpd|avformat|avcodec|avfilter|avutil|swscale|swresample|libass)[^ ]*' | tr -d '\t '); do
    package=$(dpkg -S "*/$library" 2>/dev/null | head -1 | cut -d: -f1)
    grep -qw -- "${package//./\\.}" deploy/Dockerfile
    ok "the image has $package for $library" $?
  done
fi
grep -q '^USER titr' deploy/Dockerfile
ok "the image's user has no rights" $?
# systemd's own check, where it is installed; the program's place is another here
if command -v systemd-analyze >/dev/null; then
  units=$(mktemp -d)
  for unit in deploy/systemd/*.service; do
    sed "s|/usr/local/bin/titr|$titr|" "$unit" >"$units/$(basename "$unit")"
    name=$(basename "$unit") instance=$(basename "${unit/@./@worker.}")
    # what it says of units of this machine is not ours
    out=$(cd "$units" && systemd-analyze verify "./$instance" 2>&1 | grep -F -e "$name" -e "$instance")
    ok "$name" "$([ -z "$out" ]; echo $?)" "$out"
  done
  rm -rf "$units"
fi
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
