#!/bin/sh
# What `meson install` leaves behind is enough to build a bot, against the shared library
# and against the archive, and neither shows a name that isn't ours.
# Usage: test_install.sh BUILD_FOLDER
set -eu
build=$1
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT

fail() {
    echo "test_install: $*" >&2
    exit 1
}

meson install -C "$build" --no-rebuild --quiet --destdir "$root" >/dev/null
so=$(find "$root" -name libcordage.so)
libdir=$(dirname "$so")
[ -n "$so" ] && [ -f "$libdir/libcordage.a" ] || fail "libraries are missing"
for header in cache cordage error events json permissions version views; do
    [ -f "$(find "$root" -path "*/cordage/$header.h")" ] || fail "$header.h is missing"
done
[ -f "$(find "$root" -path "*/share/cordage/scenarios/deploy-hour.yaml")" ] || fail "scenarios are missing"
readelf -d "$so" | grep -q 'SONAME.*\[libcordage\.so\.0\]' || fail "no soname"

foreign=$(nm -D --defined-only "$so" | awk '{print $3}' | sed 's/@.*//' | grep -v '^cordage_' || true)
[ -z "$foreign" ] || fail "the shared library also shows:" $foreign
foreign=$(nm -g --defined-only "$libdir/libcordage.a" | awk 'NF == 3 {print $3}' | grep -v '^cordage_' || true)
[ -z "$foreign" ] || fail "the archive also shows:" $foreign

# A user whose own functions are called like ours inside.
cat >"$root/bot.c" <<'END'
#include <cordage/cordage.h>
#include <string.h>

int log_line(void);
int session_init(void);

int log_line(void)
{
    return 1;
}

int session_init(void)
{
    return 2;
}

int main(void)
{
    cordage_options options = CORDAGE_OPTIONS_INIT;
    cordage_error error;
    cordage_client *c;

    options.token = "not a token";
    if (cordage_client_new(&options, &c, &error) != CORDAGE_EINVAL)
        return 1;
    if (strcmp(cordage_version(), CORDAGE_VERSION) != 0)
        return 2;
    return log_line() + session_init() == 3 ? 0 : 3;
}
END
export PKG_CONFIG_SYSROOT_DIR="$root" PKG_CONFIG_PATH="$libdir/pkgconfig"
sanitize=$(meson introspect "$build" --buildoptions |
    sed -n 's/.*"name": "b_sanitize", "value": "\([^"]*\)".*/\1/p')
[ "${sanitize:-none}" = none ] && sanitize= || sanitize=-fsanitize=$sanitize
for package in cordage cordage-static; do
    # Only our own paths lie below the new root, the system's don't.
    flags=$(pkg-config --cflags --libs $package | sed "s|$root\(/usr/include\)|\1|g")
    # shellcheck disable=SC2086
    ${CC:-cc} -Wall -Werror $sanitize "$root/bot.c" -o "$root/$package" $flags ||
        fail "a bot cannot be linked with $package"
    LD_LIBRARY_PATH="$libdir" "$root/$package" || fail "a bot with $package ends with $?"
done
if readelf -d "$root/cordage-static" | grep -q 'libcordage\.so'; then
    fail "the static bot needs the shared library"
fi
echo "install: the headers, both libraries and their names are as they should be"
