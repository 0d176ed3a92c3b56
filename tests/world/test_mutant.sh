#!/bin/sh
# A world whose bots handle events again after a kill -9: `order` must be seen to break within
# four runs, or the judge is asleep. Usage: test_mutant.sh PROGRAM
out=$(CORDAGE_WORLD_KIND=alone CORDAGE_WORLD_RUNS=8 CORDAGE_WORLD_TRIES=0 CORDAGE_WORLD_CASES=0 "$1")
status=$?
echo "$out" | grep -v '^at '
[ $status = 1 ] && echo "$out" | grep -q '^seed [0-9]* alone: order broke'
