#!/bin/sh
# Builds trial-python.wasm; the first time it makes a virtual environment with the pinned toolchain.
set -eu
cd "$(dirname "$0")"
if [ ! -x .venv/bin/componentize-py ]; then
    python3 -m venv .venv
    .venv/bin/pip install --quiet --requirement requirements.txt
fi
.venv/bin/componentize-py --wit-path ../../../wit --world plugin componentize app --output trial-python.wasm
