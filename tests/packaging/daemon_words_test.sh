#!/bin/sh
# The daemon's man page has a paragraph for every option that its --help shows, and for no other.
set -eu
program=$1
page=$2
shown=$("$program" --help | grep -o -e '--[a-z-]*' | sort -u)
described=$(sed 's/\\-/-/g' "$page" | grep -A1 -x '\.TP' | grep -o -e '--[a-z-]*' | grep -v -x -e '--' | sort -u)
[ -n "$shown" ] || { echo "FAILED: --help shows no option"; exit 1; }
if [ "$shown" != "$described" ]; then
    echo "FAILED: --help shows:" $shown
    echo "the man page describes:" $described
    exit 1
fi
echo "the man page describes every option of the daemon"
