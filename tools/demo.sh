#!/usr/bin/env bash
# The main job on a real program: what the kernel does for one curl, against a small web server started for it.
set -euo pipefail
cd "$(dirname "$0")/.."

site=$(mktemp -d)
server=
clean_up() {
    if [ -n "$server" ]; then kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; fi
    rm -rf "$site"
}
trap clean_up EXIT

echo 'Hello from Kindling.' >"$site/index.html"
# Port 0 lets the kernel choose a free one; the server says which.
.venv/bin/python -u -m http.server 0 --bind 127.0.0.1 --directory "$site" >"$site/.port" 2>/dev/null &
server=$!
port=
for _ in $(seq 100); do
    port=$(sed -n 's/.* port \([0-9]*\).*/\1/p' "$site/.port")
    if [ -n "$port" ]; then break; fi
    sleep 0.1
done
if [ -z "$port" ]; then echo "demo: the web server did not start" >&2; exit 1; fi

sudo=
if [ "$(id -u)" -ne 0 ]; then sudo=sudo; fi
echo "$ ${sudo:+sudo }.venv/bin/kindling trace -- curl -s http://localhost:$port/"
$sudo .venv/bin/kindling trace -- curl -s "http://localhost:$port/"
