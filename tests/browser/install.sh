#!/bin/sh
# Installs what the tests need beyond Python: Chromium, what package.json names, three reverse proxies, Redis. `npm` as
# the argument asks for the second alone.
# Installs with apt where the user may; otherwise says in one line what to install.
set -eu
cd "$(dirname "$0")"

may_install() {
  command -v apt-get >/dev/null 2>&1 || return 1
  if [ "$(id -u)" = 0 ]; then sudo=""; elif sudo -n true 2>/dev/null; then sudo="sudo -n"; else return 1; fi
}

install() {
  $sudo apt-get update -qq
  # RUNLEVEL=1: a server that comes along is not started.
  $sudo env RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

found() {
  command -v "$1" >/dev/null 2>&1
}

if [ ! -e node_modules/.ready ] || [ package-lock.json -nt node_modules/.ready ]; then
  if ! found npm && may_install; then install npm; fi
  if found npm; then npm ci --silent --no-audit --no-fund && touch node_modules/.ready
  else echo "What needs npm's packages will be skipped: install npm (Debian: apt install npm)."
  fi
fi

if [ "${1:-}" = npm ]; then exit; fi

if [ -z "${CHROMIUM:-}" ] && ! found chromium && ! found google-chrome; then
  if may_install; then install chromium
  else echo "The browser tests need Chromium: install it (Debian: apt install chromium), or set CHROMIUM=/path/to/it."; exit 1
  fi
fi

# The same engine without windows, menus and extensions, which nobody sees here: it takes a quarter of the time for a
# page. Where there is none, the whole Chromium does.
if [ -z "${CHROMIUM:-}" ] && ! found chromium-headless-shell && may_install; then
  install chromium-headless-shell 2>/dev/null || true
fi

for proxy in caddy haproxy nginx; do
  if ! PATH="$PATH:/usr/sbin" command -v $proxy >/dev/null 2>&1; then
    { may_install && install $proxy; } ||
    echo "The tests through $proxy will be skipped: install it (Debian: apt install $proxy)."
  fi
done

if ! found redis-server; then
  { may_install && install redis-server; } ||
  echo "The tests of several machines will be skipped: install Redis (Debian: apt install redis-server)."
fi
