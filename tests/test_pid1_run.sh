#!/bin/sh
# `cordage run` as process 1, as in a container: it waits for its bot's orphans, and ends
# with its workers when it is told to.
# Usage: test_pid1_run.sh CORDAGE EXAMPLES
set -eu
cordage=$1
ping=$2/ping
dir=$(mktemp -d)
inside="unshare --pid --fork --mount-proc --kill-child"
sim=
outside=
# With unshare its process 1 ends, and with that all of its space.
trap 'kill -9 $outside $sim 2>/dev/null || :; rm -rf "$dir"' EXIT

fail() {
    echo "test_pid1_run: $1" >&2
    cat "$dir/out" >&2
    exit 1
}

# until NAME COMMAND...: for at most half a minute.
until_it() {
    what=$1
    shift
    tries=0
    until "$@"; do
        tries=$((tries + 1))
        [ $tries -lt 600 ] || fail "it did not happen: $what"
        sleep 0.05
    done
}

if ! $inside true 2>/dev/null; then
    echo "test_pid1_run: skipped, no process may have a process space of its own here" >&2
    exit 77
fi

# The bot leaves orphans.
cat >"$dir/bot" <<EOF
#!/bin/sh
i=0
while [ \$i -lt 20 ]; do
    (sleep 0.05 &)
    i=\$((i + 1))
done
exec "$ping"
EOF
chmod +x "$dir/bot"
# Runs beside the simulator, in its environment.
cat >"$dir/fleet" <<EOF
#!/bin/sh
$inside "$cordage" run --state-dir "$dir/state" --shards 2 --workers 1 --http off \
    -- "$dir/bot" >"$dir/out" 2>&1 </dev/null &
echo \$! >"$dir/outside"
status=0
wait \$! || status=\$?
echo \$status >"$dir/status"
EOF
chmod +x "$dir/fleet"

"$cordage" sim -- "$dir/fleet" >"$dir/sim" 2>&1 &
sim=$!
until_it "cordage run begins" test -s "$dir/outside"
outside=$(cat "$dir/outside")

init_of() {
    init=$(cat "/proc/$outside/task/$outside/children" 2>/dev/null | tr -d ' ')
    [ -n "$init" ]
}
until_it "process 1 begins" init_of

# All are live, and of the orphans nothing is left, not even zombies: process 1 has one
# child, the worker.
is_live() {
    CORDAGE_STATE_DIR="$dir/state" "$cordage" status 2>/dev/null | grep -q '2 of 2\|2/2'
}
has_one_child() {
    [ "$(wc -w <"/proc/$init/task/$init/children")" = 1 ]
}
until_it "both shards are live" is_live
until_it "the orphans are gone" has_one_child

kill -TERM "$init"
until_it "it ends" test -s "$dir/status"
[ "$(cat "$dir/status")" = 0 ] || fail "its status is $(cat "$dir/status")"
wait $sim && sim= || fail "the simulator complains: $(cat "$dir/sim")"
echo "pid1_run: orphans reaped, SIGTERM honoured"
