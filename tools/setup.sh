#!/usr/bin/env bash
# Installs what Kindling needs on Debian and Ubuntu, and makes the virtual environment .venv with Kindling in it.
#
#   tools/setup.sh run     what is needed to build and run it
#   tools/setup.sh test    and what its tests need
#   tools/setup.sh kernels and what boots other kernels in virtual machines
#
# What is there already is left alone: a second run changes nothing. Other distributions: install the packages named
# below by hand; this script then finds the programs and goes on.
set -euo pipefail
cd "$(dirname "$0")/.."

purpose=${1:-run}
kernels=
# Other kernels are there for the tests.
if [ "$purpose" = kernels ]; then kernels=yes purpose=test; fi
venv=.venv
log=$(mktemp)
policy=/usr/sbin/policy-rc.d
policy_made=

clean_up() {
    status=$?
    if [ -n "$policy_made" ]; then $sudo rm -f "$policy"; fi
    if [ "$status" -ne 0 ]; then cat "$log" >&2; fi
    rm -f "$log"
}
sudo=
if [ "$(id -u)" -ne 0 ]; then sudo=sudo; fi
trap clean_up EXIT

python=
find_python() {
    for candidate in python3 python3.14 python3.13 python3.12 python3.11; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            python=$candidate
            return 0
        fi
    done
    return 1
}

# "package:file" or "package:program": the package is installed only if that is not there.
wanted="clang:clang llvm:llvm-strip libbpf-dev:/usr/include/bpf/bpf_helpers.h curl:curl ca-certificates:/etc/ssl/certs"
if [ "$purpose" = test ]; then
    wanted="$wanted strace:strace nginx:nginx redis-server:redis-server redis-tools:redis-benchmark git:git gcc:gcc"
    wanted="$wanted postgresql:/usr/lib/postgresql libc6-dev:/usr/include/stdio.h"
    wanted="$wanted iproute2:ss procps:ps util-linux:unshare"
fi
if [ "$kernels" = yes ]; then
    wanted="$wanted qemu-system-x86:qemu-system-x86_64 qemu-system-arm:qemu-system-aarch64"
    wanted="$wanted debian-archive-keyring:/usr/share/keyrings/debian-archive-keyring.gpg"
fi
missing=()
for item in $wanted; do
    name=${item#*:}
    case $name in
        /*) [ -e "$name" ] || missing+=("${item%%:*}") ;;
        # Servers live in sbin, which is not in everybody's path.
        *) PATH="$PATH:/usr/sbin:/sbin" command -v "$name" >/dev/null || missing+=("${item%%:*}") ;;
    esac
done
PATH="$PATH:/sbin:/usr/sbin" ldconfig -p | grep -q 'libbpf\.so\.1' || missing+=(libbpf1)
if find_python; then
    # Debian splits the part of Python off that makes virtual environments.
    if ! command -v uv >/dev/null && ! "$python" -c 'import ensurepip' 2>/dev/null; then
        missing+=("$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')")
    fi
else
    missing+=(python3 python3-venv)
fi

if [ ${#missing[@]} -gt 0 ]; then
    if ! command -v apt-get >/dev/null; then
        echo "setup: please install what these Debian packages hold, then try again: ${missing[*]}" >&2
        exit 1
    fi
    echo "setup: installing ${missing[*]}"
    # The tests start their own servers: a freshly installed nginx must not take port 80 of this machine.
    if [ "$purpose" = test ] && [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' | $sudo tee "$policy" >/dev/null
        policy_made=yes
        $sudo chmod +x "$policy"
    fi
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get -qq update >>"$log" 2>&1
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "${missing[@]}" \
        >>"$log" 2>&1
    find_python || { echo "setup: Python 3.11 or newer is needed" >&2; exit 1; }
fi

extras=
if [ "$purpose" = test ]; then extras='[dev]'; fi
# Set up again only when what decides about it has changed since.
stamp="$venv/.kindling-$purpose"
newest=$(find pyproject.toml hatch_build.py tools/build_bpf.py bpf -type f -newer "$stamp" 2>/dev/null | head -1 || true)
if [ ! -e "$stamp" ] || [ -n "$newest" ]; then
    echo "setup: installing Kindling into $venv"
    if command -v uv >/dev/null; then
        [ -x "$venv/bin/python" ] || uv venv --quiet --python "$python" "$venv"
        uv pip install --quiet --python "$venv/bin/python" --editable ".$extras"
    else
        [ -x "$venv/bin/pip" ] || "$python" -m venv "$venv"
        "$venv/bin/pip" install --quiet --disable-pip-version-check --editable ".$extras"
    fi
    touch "$stamp"
fi
