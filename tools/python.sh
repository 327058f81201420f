#!/usr/bin/env bash
# Prints the newest Python on PATH that can make an environment and build an extension; fails if there is none.
# PYTHON=name or path in the environment asks for that one.
# A candidate is started, not only looked up: version managers put names on PATH that do not run.
set -euo pipefail
probe='
import ensurepip, os, sys, sysconfig, venv
fit = sys.version_info >= (3, 10) and sys.maxsize > 2**32
fit = fit and os.path.exists(os.path.join(sysconfig.get_path("include"), "Python.h"))
print("%03d.%03d %s" % (sys.version_info[0], sys.version_info[1], sys.executable) if fit else "")
'
for name in ${PYTHON:-python3.14 python3.13 python3.12 python3.11 python3.10 python3}; do
    for path in $(type -ap "$name"); do
        "$path" -c "$probe" 2>/dev/null || true
    done
done | sed '/^$/d' | sort -s -r -k1,1 | awk 'NR == 1 { $1 = ""; print substr($0, 2) } END { if (!NR) exit 1 }'
