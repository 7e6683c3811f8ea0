#!/bin/sh
# Creates .venv unless it has a Python that is new enough. Debian has ensurepip in a package of its own, python3-venv.
set -eu
python=${PYTHON:-python3}
if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    echo "make: Python 3.11 or newer is needed; PYTHON=/path/to/python3.11 make names one" >&2
    exit 1
fi
[ -x .venv/bin/pip ] && .venv/bin/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && exit 0
"$python" -c 'import ensurepip' 2>/dev/null || sh tests/support/debian.sh python3-venv
rm -rf .venv
"$python" -m venv .venv
