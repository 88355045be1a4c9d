#!/bin/bash
# order.sh DISTRO DIRECTORY : systemd accepts a family's units together with the units that they are ordered with, and
# there is no cycle. NetworkManager, sshd and the others are stubs with the orderings of their packages.
set -eu
units=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
system=$work/usr/lib/systemd/system
mkdir -p "$system" "$work/etc/systemd/system/multi-user.target.wants" "$work/usr/bin" "$work/sbin"
cp "$units"/* "$system/"
printf '#!/bin/sh\n' > "$work/usr/bin/cloud-init"
cp "$work/usr/bin/cloud-init" "$work/usr/bin/true"
chmod +x "$work"/usr/bin/*
ln -s usr/bin "$work/bin"
# The targets of systemd itself.
for target in basic sysinit sockets multi-user network network-pre network-online shutdown local-fs time-sync umount timers paths slices; do
    file=/usr/lib/systemd/system/$target.target
    [ -e "$file" ] || file=/lib/systemd/system/$target.target
    cp "$file" "$system/"
done
# unit NAME LINE…: what its package says.
unit() {
    local name=$1
    shift
    printf '%s\n' '[Unit]' "$@" '[Service]' Type=oneshot ExecStart=/usr/bin/true > "$system/$name"
}
unit NetworkManager.service Wants=network.target 'After=network-pre.target dbus.service' Before=network.target
unit NetworkManager-wait-online.service Requires=NetworkManager.service After=NetworkManager.service Before=network-online.target
unit systemd-networkd-wait-online.service DefaultDependencies=no After=systemd-networkd.service Before=network-online.target
unit systemd-networkd.service DefaultDependencies=no 'After=network-pre.target' 'Before=network.target'
unit networking.service DefaultDependencies=no 'After=local-fs.target network-pre.target' 'Before=network.target network-online.target'
unit wicked.service 'After=dbus.service network-pre.target' 'Before=network.target'
unit sshd.service 'After=network.target sshd-keygen.service'
unit ssh.service 'After=network.target'
unit sshd-keygen.service Before=sshd.service
unit firewalld.service Before=network-pre.target Wants=network-pre.target
unit systemd-user-sessions.service 'After=network.target'
unit dbus.service After=dbus.socket
printf '%s\n' '[Socket]' ListenStream=/run/dbus > "$system/dbus.socket"
for wanted in NetworkManager NetworkManager-wait-online systemd-networkd-wait-online systemd-networkd networking wicked sshd ssh \
    sshd-keygen firewalld systemd-user-sessions; do
    # A distribution has one of the network managers. firewalld is a cycle with upstream's units on Debian, whose package
    # conflicts with it.
    case $1:$wanted in
    *:firewalld) [ "$1" = rhel ] || [ "$1" = fedora ] || continue ;;
    fedora:networking | fedora:wicked | fedora:systemd-networkd* | rhel:networking | rhel:wicked | rhel:systemd-networkd*) continue ;;
    debian:NetworkManager* | debian:wicked | ubuntu:NetworkManager* | ubuntu:wicked) continue ;;
    amazon:NetworkManager* | amazon:wicked | amazon:networking | opensuse:networking | opensuse:systemd-networkd*) continue ;;
    esac
    ln -s "/usr/lib/systemd/system/$wanted.service" "$work/etc/systemd/system/multi-user.target.wants/"
done
mkdir -p "$work/etc/systemd/system/multi-user.target.wants" "$work/etc/systemd/system/cloud-init.target.wants"
ln -s /usr/lib/systemd/system/cloud-init.target "$work/etc/systemd/system/multi-user.target.wants/"
for stage in cloud-init-local cloud-init-network cloud-config cloud-final; do
    ln -s "/usr/lib/systemd/system/$stage.service" "$work/etc/systemd/system/cloud-init.target.wants/"
done
found=$(systemd-analyze verify --root="$work" --man=no multi-user.target cloud-init-local.service cloud-init-network.service 2>&1 |
    grep -iE 'cycle|cloud-' | grep -v 'dbus' || true)
[ -z "$found" ] || { echo "units of $1:"; echo "$found"; exit 1; }
