#!/bin/sh
# The systemd unit is one that systemd understands, and not more exposed than docs/fleet.md
# says.
# Usage: test_units.sh SOURCE_FOLDER CORDAGE
set -eu
cordage=$(realpath "$2")
unit="$1/contrib/systemd/cordage@.service"
command -v systemd-analyze >/dev/null || {
    echo "test_units: skipped, there is no systemd-analyze" >&2
    exit 77
}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
copy="$dir/cordage@.service"
sed "s#^\(Exec[A-Za-z]*\)=cordage #\1=$cordage #" "$unit" >"$copy"
grep -q "^ExecStart=$cordage run" "$copy"

said=$(systemd-analyze verify --man=no "$copy" 2>&1) || {
    echo "$said" >&2
    exit 1
}
# It warns of what it doesn't know, and is content all the same.
if echo "$said" | grep -F 'cordage@' >&2; then
    exit 1
fi
score=$(sed -n 's/.*exposure of the service \([0-9.]*\) of 10.*/\1/p' "$1/docs/fleet.md")
systemd-analyze security --offline=yes --no-pager \
    --threshold="$(echo "$score" | tr -d .)" "$copy" >"$dir/said" 2>&1 || {
    if grep -qi 'unrecognized\|unknown option' "$dir/said"; then
        echo "test_units: the score is not checked, this systemd-analyze is too old" >&2
        exit 0
    fi
    tail -1 "$dir/said" >&2
    exit 1
}
tail -1 "$dir/said"
