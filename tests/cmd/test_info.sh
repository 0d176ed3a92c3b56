#!/bin/sh
# `cordage info` and `cordage doctor` as their users have them, against the simulator: a
# good token, a bad one, nobody there, a certificate that is not trusted, an empty budget.
# Usage: tests/cmd/test_info.sh CORDAGE_PROGRAM
set -u
cordage=$(realpath "$1") # we change our directory
folder=$(mktemp -d) || exit 99
trap 'rm -rf "$folder"' EXIT
export XDG_STATE_HOME="$folder"
unset DISCORD_TOKEN DISCORD_TOKEN_FILE CORDAGE_API CORDAGE_CA_FILE CORDAGE_LOG
failed=0

# expect STATUS TEXT SIM_OPTIONS... -- COMMAND...
expect() {
    want=$1 text=$2
    shift 2
    "$cordage" sim --port 0 "$@" >"$folder/out" 2>&1
    got=$?
    if [ $got -ne "$want" ] || ! grep -qF -e "$text" "$folder/out"; then
        failed=$((failed + 1))
        echo "cordage sim $*: status $got, want $want, and \"$text\" in:"
        cat "$folder/out"
    fi
}

info="$cordage info"
doctor="$cordage doctor"

expect 0 'Start        4 shards: 15 s' --recommended-shards 4 -- $info
expect 0 'Start        33 shards: 10 s' --max-concurrency 16 -- $info --shards 33
expect 0 '"max_concurrency":16' --max-concurrency 16 -- $info --json
expect 3 '401' -- env DISCORD_TOKEN=bad $info
expect 1 'cannot be reached' -- env CORDAGE_API=https://127.0.0.1:1 $info
expect 1 'CORDAGE_CA_FILE' -- env -u CORDAGE_CA_FILE -u SSL_CERT_FILE $info
expect 2 'DISCORD_TOKEN' -- env -u DISCORD_TOKEN $info
expect 2 '--shards takes' -- $info --shards none
expect 4 '2 now, the last in 24 h' --recommended-shards 4 --session-limit 3 -- $info

expect 0 'Nothing is wrong.' -- $doctor
expect 0 'Nothing is wrong.' -- $doctor --intents 53608447
expect 1 'wrong    intents     MESSAGE_CONTENT' --intents 1 -- $doctor --intents 32768
expect 3 'wrong    token       Discord refuses it' -- env DISCORD_TOKEN=bad $doctor
expect 1 'wrong    api' -- env CORDAGE_API=https://127.0.0.1:1/api/v10 $doctor
expect 1 'wrong    tls' -- env -u CORDAGE_CA_FILE -u SSL_CERT_FILE $doctor
expect 2 'wrong    token       There is none.' -- env -u DISCORD_TOKEN $doctor
expect 2 'wrong    ca' -- env CORDAGE_CA_FILE=/etc/passwd $doctor
expect 4 'wrong    budget' --recommended-shards 4 --session-limit 3 -- $doctor
expect 4 '"wrong":1' --recommended-shards 4 --session-limit 3 -- $doctor --json
# This machine's side: cordage.yaml, and the state directory.
cd "$folder" || exit 99
echo 'shards: 4' >cordage.yaml
expect 0 'cordage.yaml can be read' -- $doctor
expect 0 'shards      4;' -- $doctor
echo 'shrads: 4' >cordage.yaml
expect 2 "cordage.yaml:1: there is no setting 'shrads'; did you mean 'shards'?" -- $doctor
rm cordage.yaml
mkdir -m 755 "$folder/open"
mkdir -m 700 "$folder/private"
expect 0 'is private, and free.' -- env CORDAGE_STATE_DIR="$folder/private" $doctor
expect 0 'is not there yet' -- env CORDAGE_STATE_DIR="$folder/private/new" $doctor
expect 0 'is open to other users (mode 755)' -- env CORDAGE_STATE_DIR="$folder/open" $doctor
expect 1 'cannot be made' -- env CORDAGE_STATE_DIR=/dev/null/x $doctor
expect 0 'There is no place for it' -- env CORDAGE_STATE_DIR= $doctor
echo '4711 (./bot)' >"$folder/private/lock"
expect 0 'in use by process 4711 (./bot)' -- flock "$folder/private/lock" \
    env CORDAGE_STATE_DIR="$folder/private" $doctor

# Looking costs no IDENTIFY, and breaks no rule.
expect 0 '0 identified, 0 resumed, 0 events; no rule was broken' -- $doctor

[ $failed -eq 0 ]
