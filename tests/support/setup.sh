#!/bin/sh
# Installs the programs that tests marked `external` run: Java for epubcheck and the Nu HTML checker, Chromium and a font
# with Hangul for pages, Ace and epub.js, Node and newsboat as feed readers, nginx for sites of files, openssl for mail,
# LaTeX for citations, a C compiler for a clock that jumps.
set -eu
PATH="$PATH:/usr/sbin" # Debian's folder for nginx
missing=""
command -v cc >/dev/null || missing="$missing gcc libc6-dev"
command -v java >/dev/null || missing="$missing default-jre-headless"
command -v newsboat >/dev/null || missing="$missing newsboat"
command -v nginx >/dev/null || missing="$missing nginx-light"
command -v npm >/dev/null || missing="$missing nodejs npm"
command -v openssl >/dev/null || missing="$missing openssl"
command -v pdflatex >/dev/null || missing="$missing texlive-latex-base texlive-latex-recommended"
command -v biber >/dev/null || missing="$missing biber texlive-bibtex-extra"
command -v pdftotext >/dev/null || missing="$missing poppler-utils"
command -v systemd-analyze >/dev/null || missing="$missing systemd"
command -v chromium >/dev/null || missing="$missing chromium"
ls /usr/lib/*/libatomic.so.1 >/dev/null 2>&1 || missing="$missing libatomic1" # for Playwright's Node
[ -n "$(fc-list :lang=ko 2>/dev/null)" ] || missing="$missing fontconfig fonts-wqy-microhei"
# shellcheck disable=SC2086  # a list of names
[ -z "$missing" ] || sh tests/support/debian.sh $missing
if [ ! tests/support/node/node_modules/.package-lock.json -nt tests/support/node/package-lock.json ]; then
    npm ci --prefix tests/support/node --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null
    touch tests/support/node/node_modules/.package-lock.json
fi
