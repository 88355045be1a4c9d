#!/bin/bash
# images.sh PROGRAM : runs the recipes of docs/install/images.md that need no machine: the seed made by cloud-localds, the
# machine that virt-install would create, and what mkosi reads. The table of matrix.sh does what Packer's recipe does.
set -eu
cd "$(dirname "$0")/../.."
program=$(realpath "$1")
page=$PWD/docs/install/images.md
work=$(mktemp -d "${TMPDIR:-/tmp}/images.XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir "$work/bin"
ln -s "$program" "$work/bin/cloud-init"
# Nothing is created; the driver for tests has no machines.
printf '#!/bin/sh\nexec %s --connect test:///default --dry-run --noautoconsole "$@"\n' "$(command -v virt-install)" \
    > "$work/bin/virt-install"
chmod +x "$work/bin/virt-install"

# block HEADING LANGUAGE: the first block of a section.
block() {
    awk -v heading="## $1" -v fence="\`\`\`$2" '
        $0 == heading { inside = 1 }
        inside && /^```$/ { exit }
        copied { print }
        inside && $0 == fence { copied = 1 }' "$page"
}
fail() { echo "images.sh: $*" >&2; exit 1; }

cd "$work"
printf '#cloud-config\nhostname: web\n' > user-data
printf 'instance-id: i-images\n' > meta-data
truncate -s 1M image.qcow2
recipe=$(block "A virtual machine with a seed" sh)
[ -n "$recipe" ] || fail "the page has no recipe for a seed"
PATH=$work/bin:$PATH bash -euo pipefail -c "$recipe" > log 2>&1 || { cat log >&2; fail "the recipe for a seed failed"; }
grep -q '^Dry run completed' log || { cat log >&2; fail "virt-install has not tried"; }
label=$(isoinfo -d -i seed.img | sed -n 's/^Volume id: //p')
[ "$label" = cidata ] || fail "the seed's label is '$label'"
isoinfo -J -x /user-data -i seed.img | cmp - user-data
isoinfo -J -x /meta-data -i seed.img | cmp - meta-data
# The other way that the page names: virt-install makes the seed.
option=$(grep -oE -- '`--cloud-init [^`]*`' "$page" | tr -d '`')
# shellcheck disable=SC2086
"$work/bin/virt-install" --name test --memory 2048 --import --disk image.qcow2 $option --osinfo linux2022 > log 2>&1 ||
    { cat log >&2; fail "virt-install $option failed"; }
echo "cloud-localds: a seed that virt-install takes, and virt-install $option"

block mkosi ini > mkosi.conf
version=$(mkosi --version 2> /dev/null | grep -oE '[0-9]+' | head -n 1 || true)
if [ "${version:-0}" -ge 25 ]; then
    mkdir -p target/debian
    mkosi summary > log 2>&1 || { cat log >&2; fail "mkosi does not read the recipe"; }
    grep -qE 'Volatile Packages: cloud-init-rs$' log || { cat log >&2; fail "mkosi does not install the package"; }
    echo "mkosi $version: reads the recipe"
else
    echo "mkosi: not tried; the recipe is for 25 or newer, this machine has ${version:-none}"
fi
