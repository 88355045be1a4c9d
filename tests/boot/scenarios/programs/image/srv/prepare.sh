#!/bin/sh
# What the scenario's user-data refers to: a signed repository with one package, and a playbook under version control.
set -e
[ ! -e /srv/packages ] || exit 0
rm -f /etc/apt/sources.list /etc/apt/sources.list.d/*

mkdir -p /srv/packages /srv/greeting/DEBIAN /srv/greeting/usr/bin
cd /srv/greeting
printf 'Package: greeting\nVersion: 1\nArchitecture: all\nMaintainer: A test <test@example.org>\nDescription: greets\n' > DEBIAN/control
printf '#!/bin/sh\necho hello\n' > usr/bin/greeting
chmod 0755 usr/bin/greeting
dpkg-deb --build --root-owner-group /srv/greeting /srv/packages/greeting_1_all.deb > /dev/null

cd /srv/packages
export GNUPGHOME=/srv/keys
mkdir -m 0700 "$GNUPGHOME"
gpg --batch --quiet --passphrase '' --quick-generate-key 'A test <test@example.org>' ed25519 sign never
apt-ftparchive packages . > Packages
apt-ftparchive release . > Release
gpg --batch --quiet --clearsign --output InRelease Release
rm Release
{
    printf 'apt:\n  sources:\n    local.list:\n      source: "deb [signed-by=$KEY_FILE] file:/srv/packages ./"\n      key: |\n'
    gpg --armor --export | sed 's/^/        /'
} > /etc/cloud/cloud.cfg.d/99-local-repository.cfg

mkdir -p /srv/playbook
cd /srv/playbook
printf -- '- hosts: localhost\n  connection: local\n  gather_facts: false\n  tasks:\n    - copy: {dest: /var/log/played, content: "played\\n"}\n' > site.yml
git init --quiet .
git add site.yml
git -c user.name=test -c user.email=test@example.org commit --quiet --message 'A playbook'
