#!/usr/bin/env bash
# Whether each package that is meant for others can be packaged: metadata complete, no path without a version, no
# file missing. Members are found in the workspace, not at a registry, and nothing is built or sent.
set -eu
cd "$(dirname "$0")/.."

packages=$(cargo metadata --format-version 1 --no-deps --offline | python3 -c '
import json, sys
for package in json.load(sys.stdin)["packages"]:
    if package["publish"] is not None:
        continue
    for field in ["description", "license"]:
        assert package[field], "%s: no %s" % (package["name"], field)
    print(package["name"])
')
arguments=()
for package in $packages; do
    arguments+=(--package "$package")
done
cargo package --offline --quiet --no-verify --allow-dirty "${arguments[@]}"
# The parsers stand alone: each builds from its own archive.
parsers=$(for manifest in parsers/*/Cargo.toml; do sed -n 's/^name = "\(cloud-init-.*\)"/\1/p' "$manifest"; done)
arguments=()
for package in $parsers; do
    arguments+=(--package "$package")
done
if [ "${1:-}" = --verify ]; then
    cargo package --offline --quiet --allow-dirty "${arguments[@]}"
fi
echo "packaged: $(echo $packages | wc -w)"
