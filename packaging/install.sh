#!/bin/sh
# install.sh FAMILY BUILT ROOT : installs what build.sh has made in the directory BUILT below ROOT, as the family
# (debian, rhel, suse, photon, arch, alpine or gentoo) arranges it. Every package does this, and an installation without one.
# Needs GNU's coreutils and gzip.
set -eu
cd "$(dirname "$0")/.."
family=$1 built=$2 root=$3
name=cloud-init-rs libexec=/usr/lib/cloud-init zsh=/usr/share/zsh/site-functions inits=systemd
case $family in
debian) zsh=/usr/share/zsh/vendor-completions ;;
rhel) libexec=/usr/libexec/cloud-init ;;
suse | photon | arch) ;;
alpine) inits=openrc ;;
gentoo) inits="openrc systemd" ;;
*) echo "install.sh: unknown family '$family'; expected debian, rhel, suse, photon, arch, alpine or gentoo" >&2; exit 2 ;;
esac
units=/usr/lib/systemd/system

# put MODE FILE… DIRECTORY
put() {
    mode=$1
    shift
    for last; do :; done
    mkdir -p "$root$last"
    while [ $# -gt 1 ]; do
        install -m "$mode" "$1" "$root$last/"
        shift
    done
}
# as MODE FILE TARGET
as() { install -D -m "$1" "$2" "$root$3"; }
# link TARGET NAME, relative as packages have it.
link() {
    mkdir -p "$root${2%/*}"
    ln -sf "$(realpath -m --relative-to="${2%/*}" "$1")" "$root$2"
}

put 755 "$built/cloud-init" /usr/bin
for helper in /usr/bin/cloud-id /usr/bin/cloud-init-per "$libexec/ds-identify" "$libexec/hook-hotplug" \
    "$libexec/cloud-init-hotplugd" "$libexec/write-ssh-key-fingerprints"; do
    link /usr/bin/cloud-init "$helper"
done
put 755 packaging/files/uncloud-init "$libexec"
for init in $inits; do
    case $init in
    openrc) packaging/init.sh openrc "$root/etc/init.d" ;;
    systemd)
        link /usr/bin/cloud-init /usr/lib/systemd/system-generators/cloud-init-generator
        put 644 "$built/systemd"/* "$units"
        put 644 packaging/files/disable-sshd-keygen-if-cloud-init-active.conf "$units/sshd-keygen@.service.d"
        ;;
    esac
done

put 644 "$built/cloud.cfg" /etc/cloud
put 644 packaging/files/05_logging.cfg /etc/cloud/cloud.cfg.d
as 644 packaging/files/README.cloud.cfg.d /etc/cloud/cloud.cfg.d/README
as 644 packaging/files/README.clean.d /etc/cloud/clean.d/README
put 644 "$built/templates"/* /etc/cloud/templates
as 644 packaging/files/logrotate /etc/logrotate.d/cloud-init
put 644 packaging/files/21-cloudinit.conf /etc/rsyslog.d
put 644 packaging/files/Z99-cloud-locale-test.sh packaging/files/Z99-cloudinit-warnings.sh /etc/profile.d
put 644 packaging/files/66-azure-ephemeral.rules /usr/lib/udev/rules.d

for page in "$built/man"/*.1; do
    as 644 "$page" "/usr/share/man/man1/${page##*/}"
    gzip -9nf "$root/usr/share/man/man1/${page##*/}"
done
as 644 "$built/completions/cloud-init" /usr/share/bash-completion/completions/cloud-init
as 644 "$built/completions/_cloud-init" "$zsh/_cloud-init"
as 644 "$built/completions/cloud-init.fish" /usr/share/fish/vendor_completions.d/cloud-init.fish
[ ! -d "$built/schema" ] || put 644 "$built/schema"/* /usr/share/cloud-init/schemas
for directory in docs/reference docs/reference/commands docs/reference/sources docs/install; do
    put 644 "$directory"/*.md "/usr/share/doc/$name/${directory#docs/}"
done
# What those pages refer to, and the schema of a plan.
put 644 docs/*.md docs/*.svg docs/plan.schema.json "/usr/share/doc/$name"
put 644 modules/examples/*.yaml "/usr/share/doc/$name/examples"
case $family in
debian) as 755 packaging/debian/preseed "$libexec/preseed" ;;
rhel | suse | photon)
    mkdir -p "$root/var/lib/cloud"
    put 644 packaging/files/85-cloud-init-rs.preset /usr/lib/systemd/system-preset
    put 644 LICENSE "/usr/share/licenses/$name"
    ;;
esac
