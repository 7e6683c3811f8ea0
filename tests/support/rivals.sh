#!/bin/sh
# Installs the programs that the benchmarks compare with, and wrk, which sends requests.
set -eu
PATH="$PATH:/usr/sbin" # Debian's folder for nginx
missing=""
command -v nginx >/dev/null || missing="$missing nginx-light"
for program in hugo pandoc wrk; do
    command -v "$program" >/dev/null || missing="$missing $program"
done
# shellcheck disable=SC2086  # a list of names
[ -z "$missing" ] || sh tests/support/debian.sh $missing
