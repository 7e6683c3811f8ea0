#!/bin/sh
# Installs the Debian packages given; where that takes root and there is no sudo, fails with their names.
set -eu
if [ "$(id -u)" = 0 ]; then as_root=""
elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then as_root="sudo"
else as_root="none"
fi
if [ "$as_root" = none ] || ! command -v apt-get >/dev/null; then
    echo "make: these Debian packages are missing and cannot be installed from here: $*" >&2
    exit 1
fi
echo "Installing $*"
export DEBIAN_FRONTEND=noninteractive
$as_root apt-get update -qq
$as_root apt-get install -qq --no-install-recommends "$@" >/dev/null
