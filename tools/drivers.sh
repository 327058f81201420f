#!/usr/bin/env bash
# Installs devices that need no GPU, for the tests of hardware frames: Vulkan on lavapipe, OpenCL on PoCL (400 MB with LLVM).
# As root on Debian or Ubuntu only. Never fails: the tests that lack a device are skipped and say why.
set -euo pipefail
packages="mesa-vulkan-drivers pocl-opencl-icd ocl-icd-libopencl1"

command -v apt-get >/dev/null && [ -e /etc/debian_version ] || exit 0
wanted=()
for package in $packages; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)" = installed ] || wanted+=("$package")
done
[ ${#wanted[@]} -gt 0 ] || exit 0
if [ "$(id -u)" -ne 0 ]; then
    echo "Some tests of hardware frames will be skipped. They need: sudo apt-get install -y ${wanted[*]}"
    exit 0
fi
echo "Installing with apt, for the tests of hardware frames: ${wanted[*]}"
export DEBIAN_FRONTEND=noninteractive
options=(-qq -y --no-install-recommends -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0)
apt-get "${options[@]}" update || true
apt-get "${options[@]}" install "${wanted[@]}" >/dev/null ||
    echo "apt could not install them: some tests of hardware frames will be skipped." >&2
