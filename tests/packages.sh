#!/bin/sh
# packages.sh : makes the .deb and the .rpm, and reads back what they hold.
set -eu
cd "$(dirname "$0")/.."
[ -x target/package/debian/cloud-init ] || packaging/build.sh debian
rm -rf target/debian
cargo deb --quiet --no-build --no-strip
deb=$(ls target/debian/*.deb)
contents=$(dpkg-deb --contents "$deb")
for file in usr/bin/cloud-init etc/cloud/cloud.cfg usr/lib/systemd/system/cloud-init-local.service \
    usr/lib/systemd/system-generators/cloud-init-generator usr/lib/cloud-init/ds-identify usr/bin/cloud-id \
    usr/lib/cloud-init/hook-hotplug usr/lib/systemd/system/cloud-init-hotplugd.socket usr/bin/cloud-init-per \
    usr/lib/cloud-init/write-ssh-key-fingerprints usr/lib/cloud-init/uncloud-init \
    etc/cloud/templates/hosts.debian.tmpl usr/share/man/man1/cloud-init.1; do
    echo "$contents" | grep -q " ./$file" || { echo "$deb lacks $file:"; echo "$contents"; exit 1; }
done
# Shells read their completions.
completions=target/package/debian/completions
bash -n $completions/cloud-init
zsh -n $completions/_cloud-init
fish -n $completions/cloud-init.fish
dpkg-deb --field "$deb" Provides | grep -q 'cloud-init (= ' || { echo "$deb does not provide cloud-init"; exit 1; }
# The program is the same for both: only cloud.cfg and the layout differ.
mkdir -p target/package/centos
cp -r target/package/debian/. target/package/centos/
target/package/debian/cloud-init generate cloud-cfg centos > target/package/centos/cloud.cfg
packaging/units.sh centos target/package/centos/systemd
rm -rf target/generate-rpm
cargo generate-rpm
rpm=$(ls target/generate-rpm/*.rpm)
for file in usr/bin/cloud-init usr/bin/cloud-id usr/lib/systemd/system-generators/cloud-init-generator \
    usr/libexec/cloud-init/ds-identify usr/libexec/cloud-init/hook-hotplug usr/bin/cloud-init-per \
    usr/libexec/cloud-init/write-ssh-key-fingerprints usr/libexec/cloud-init/uncloud-init; do
    rpm -qpl "$rpm" | grep -q "^/$file\$" || { echo "$rpm lacks $file"; rpm -qpl "$rpm"; exit 1; }
done
# Waiting for NetworkManager before sysinit.target, which it comes after, would be a cycle.
for distro in debian centos; do
    unit=target/package/$distro/systemd/cloud-init-network.service
    case $(grep -c '^After=NetworkManager.service$\|^Before=sysinit.target$' "$unit") in
    1) ;;
    *) echo "$unit has an ordering cycle with NetworkManager"; exit 1 ;;
    esac
done
rpm -qp --provides "$rpm" | grep -q '^cloud-init = '
ls -l "$deb" "$rpm"
