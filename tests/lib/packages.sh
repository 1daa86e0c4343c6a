# packages.sh - need_packages NAME...: Debian packages that must be there.
#
# Sourced by what a stranger runs first. Asks dpkg, and only for what is missing
# goes to apt-get, saying so before; with everything there it costs 50 ms and
# works without network and without root. All of it goes to stderr.

packages_missing() {
    there=$(dpkg-query -W -f '${Package} ${db:Status-Status}\n' "$@" \
        2>/dev/null)
    for package in "$@"; do
        echo "$there" | grep -qx "$package installed" || printf '%s ' "$package"
    done
}

packages_as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    else
        sudo "$@"
    fi
}

need_packages() {
    missing=$(packages_missing "$@")
    [ -n "$missing" ] || return 0
    echo "installing Debian packages: $missing" >&2
    # Word splitting is meant: one argument a package.
    # shellcheck disable=SC2086
    {
        packages_as_root apt-get -qq update &&
            packages_as_root env DEBIAN_FRONTEND=noninteractive \
                apt-get -qq -y --no-install-recommends install $missing
    } >&2 || {
        echo "could not install: $missing" >&2
        return 69
    }
}
