#!/bin/bash
# Reads every #include in src/ and fails on one that ARCHITECTURE.md's tables forbid.
set -uo pipefail
cd "$(dirname "$0")/.."
passed=0 failed=0
declare -A may seam
while read -r module uses; do may[$module]=" $uses "; done < <(sed -n '/^<!-- arrows -->/,/^<!-- end -->/s/^    \([a-z]*\): *\(.*\)/\1 \2/p' ARCHITECTURE.md)
while read -r header files; do seam[$header]=" $files "; done < <(sed -n '/^<!-- seams -->/,/^<!-- end -->/s/^    \([^ ]*\): *\(.*\)/\1 \2/p' ARCHITECTURE.md)
[ ${#may[@]} -gt 3 ] && [ ${#seam[@]} -gt 3 ] || { echo "ARCHITECTURE.md has lost its tables"; echo "0 passed, 1 failed"; exit 1; }

bad() { echo "$1"; failed=$((failed + 1)); }
for file in $(git ls-files --cached --others --exclude-standard 'src/*.c' 'src/*.h'); do
  before=$failed
  module=${file#src/} module=${module%%/*}
  [ "$module" = main.c ] && module=main
  for target in $(sed -n 's/^#include "\([a-z_]*\)\/.*/\1/p' "$file" | sort -u); do
    [ "$target" = "$module" ] && continue
    case "${may[$module]:- }" in *" $target "*) ;; *) bad "$file: $module may not use $target" ;; esac
  done
  for header in $(sed -n 's/^#include <\([^>]*\)>.*/\1/p' "$file"); do
    for key in "${!seam[@]}"; do
      case "$header" in "$key"*)
        hit=0
        for allowed in ${seam[$key]}; do case "$file" in src/$allowed) hit=1 ;; esac; done
        [ $hit = 1 ] || bad "$file: <$header> belongs behind its seam (${seam[$key]# })" ;;
      esac
    done
  done
  [ "$failed" = "$before" ] && passed=$((passed + 1))
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
