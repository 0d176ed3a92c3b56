#!/bin/sh
# The bot that README.md shows is examples/ping.c, letter by letter, and the files that
# the documents point to are there.
# Usage: test_readme.sh SOURCE_FOLDER
set -eu
cd "$1"
shown=$(mktemp)
trap 'rm -f "$shown"' EXIT

sed -n '/^```c$/,/^```$/p' README.md | sed '1d;$d' >"$shown"
if ! diff -u examples/ping.c "$shown"; then
    echo "test_readme: README.md shows another ping.c than examples/ping.c" >&2
    exit 1
fi
for document in *.md docs/*.md; do
    for link in $(grep -o '](\([^)#]*\)' "$document" | sed 's/](//' | grep -v '^https\{0,1\}:'); do
        if [ ! -e "$(dirname "$document")/$link" ]; then
            echo "test_readme: $document points to $link, which is not there" >&2
            exit 1
        fi
    done
done
echo "readme: it shows examples/ping.c, and all links lead somewhere"
