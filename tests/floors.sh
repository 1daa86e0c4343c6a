#!/usr/bin/env bash
# The list of modules in CMakeLists.txt is the map: a file includes only what
# stands after its own module there, and each outside library has its rooms.
# Prints every include that breaks this; silent and 0 when there is none.
set -eu
cd "$(dirname "$0")/.."

modules=$(sed -n '/^set(MODULES/,/^)/p' CMakeLists.txt \
    | grep -vE '^ *#|^set|^\)' | tr -d ' ')
status=0

complain() {
    echo "$*"
    status=1
}

place_of() {
    grep -nxF "$1" <<<"$modules" | cut -d: -f1
}

for file in src/*.[ch]; do
    module=$(basename "${file%.*}")
    place=$(place_of "$module")
    if [ -z "$place" ]; then
        complain "$file: its module is not in the list of CMakeLists.txt"
        continue
    fi
    for header in $(sed -n 's/^#include "\(.*\)\.h"$/\1/p' "$file"); do
        [ "$header" = "$module" ] && continue
        below=$(place_of "$header")
        [ -n "$below" ] && [ "$below" -gt "$place" ] \
            || complain "$file: includes $header.h, which stands above it"
    done
done

for module in $modules; do
    [ -e "src/$module.c" ] || [ -e "src/$module.h" ] \
        || complain "CMakeLists.txt: there is no src/$module"
done

# library header, and the files that may include it
only_in() {
    local header=$1 allowed=$2 file
    for file in $(grep -lE "^#include <$header>" src/*.[ch] || true); do
        [[ $(basename "$file") =~ ^($allowed)\.[ch]$ ]] \
            || complain "$file: includes <$header>, which is not its business"
    done
}
only_in 'microhttpd\.h' 'server|worker|exchange|parking|answer|admin|sink'
only_in 'curl/curl\.h' 'influx.*'
only_in 'zlib\.h' 'gzip|segment'
only_in '(lua|lauxlib|lualib)\.h' 'script.*|config_file'
only_in 'gnutls/.*' 'digest'

calls=$(cat src/script*.c | grep -cE '\blua_pcallk?\(' || true)
[ "$calls" -le 2 ] \
    || complain "src/script*.c: lua_pcall stands $calls times; once for a" \
        "call, once for loading"
! grep -nE '#include "(relay|influx)\.h"' src/server.[ch] \
    || complain "src/server: names the relay"
! grep -nE '#include "(server|admin)\.h"' src/relay.[ch] 2>/dev/null \
    || complain "src/relay.c: names the server"

exit $status
