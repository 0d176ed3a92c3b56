#!/bin/sh
# Makes one archive of one object out of many archives: prelink.sh OUT IN...
# Only what begins with cordage_ stays visible to a linker.
set -eu
out=$1
shift

object=$(dirname "$out")/cordage.o
trap 'rm -f "$object"' EXIT
# Groups are resolved now: else a user's copy of the same inline C++ function could
# replace ours, whose name is local by then.
${LD:-ld} -r --force-group-allocation -o "$object" --whole-archive "$@"
${OBJCOPY:-objcopy} --wildcard --keep-global-symbol='cordage_*' "$object"
rm -f "$out"
${AR:-ar} rcsD "$out" "$object"
