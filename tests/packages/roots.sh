# Sourced: roots that are thrown away, and what a row of the table asks of them.
# Everything is mounted in the namespace of the script and ends with it.

# repack ROOT PACKAGE DEB: the package as it is installed in a root. The mirror is not needed.
repack() {
    local tree=$work/repack
    rm -rf "$tree"
    mkdir -p "$tree/DEBIAN"
    local file
    while read -r file; do
        # A link in a merged root, and a directory in packages from before that.
        case $file in /bin | /lib | /sbin) mkdir -p "$tree$file"; continue ;; esac
        [ -L "$1$file" ] || [ ! -d "$1$file" ] || { mkdir -p "$tree$file"; continue; }
        cp -a "$1$file" "$tree$file"
    done < "$1/var/lib/dpkg/info/$2.list"
    for file in preinst postinst prerm postrm conffiles triggers; do
        [ ! -e "$1/var/lib/dpkg/info/$2.$file" ] || cp -p "$1/var/lib/dpkg/info/$2.$file" "$tree/DEBIAN/$file"
    done
    # The depends are those of the root.
    chroot "$1" dpkg-query -s "$2" | awk '/^(Status|Conffiles|Config-Version):/ { skip = 1; if (!/^Conffiles/) next }
        /^Conffiles:/ { skip = 2; next } skip == 2 && /^ / { next } { skip = 0; print }' > "$tree/DEBIAN/control"
    dpkg-deb --build --root-owner-group -Zgzip -z1 "$tree" "$3" > /dev/null
}

# stub NAME VERSION [FIELD: VALUE]… : a package without files.
stub() {
    local name=$1 version=$2 tree=$work/stub
    shift 2
    rm -rf "$tree"
    mkdir -p "$tree/DEBIAN"
    printf '%s\n' "Package: $name" "Version: $version" "Architecture: all" "Maintainer: nobody <nobody@example.com>" \
        "$@" "Description: stands for $name" > "$tree/DEBIAN/control"
    dpkg-deb --build --root-owner-group -Zgzip "$tree" "$work/$name.deb" > /dev/null
}

# enter BASE: a new overlay of a root, at $root.
enter() {
    ! mountpoint -q "$root" || umount -R "$root"
    rm -rf "$work/upper" "$work/overlay"
    mkdir -p "$work/upper" "$work/overlay" "$root"
    mount -t overlay overlay -o "lowerdir=$1,upperdir=$work/upper,workdir=$work/overlay,volatile" "$root"
    mount -t proc proc "$root/proc"
    mkdir -p "$root/debs"
    mount -t tmpfs tmpfs "$root/debs"
    find "$work" -maxdepth 1 -name '*.deb' -exec cp {} "$root/debs/" \;
}

# inside COMMAND…: in the root, with nothing that could start a service. What dpkg warns of is kept.
inside() {
    DEBIAN_FRONTEND=noninteractive DPKG_FORCE=unsafe-io LC_ALL=C.UTF-8 chroot "$root" "$@" >> "$work/log" 2>&1 || {
        problems="$problems; $* failed: $(tail -n 2 "$work/log" | tr '\n' ' ')"
        return 0
    }
}

# apt ARGUMENT…: without network.
apt() {
    inside apt-get -q -y --allow-downgrades -o Dpkg::Use-Pty=0 -o Dir::Log::Terminal= -o Dpkg::Options::=--force-confold \
        -o APT::Install-Recommends=false "$@"
}

# links: the units of cloud-init that are enabled.
links() {
    (cd "$root/etc/systemd/system" && find . -path '*cloud-*.wants/*' -name 'cloud-*' | sed 's|.*/||' | sort | tr '\n' ' ')
}

# living: those whose unit exists. A removed package leaves its links until it is purged.
living() {
    for unit in $(links); do
        [ ! -e "$root/usr/lib/systemd/system/$unit" ] || printf '%s ' "$unit"
    done
}

# expect WHAT WANTED FOUND
expect() {
    [ "$2" = "$3" ] || problems="$problems; $1: expected '$2', found '$3'"
}

ours_enabled="cloud-config.service cloud-final.service cloud-init-hotplugd.socket cloud-init-local.service cloud-init-network.service "

# machine SECONDS: boots the root in a container until a unit reports; prints the status.
machine() {
    ! mountpoint -q "$root/debs" || umount "$root/debs"
    ! mountpoint -q "$root/proc" || umount "$root/proc"
    : > "$root/etc/machine-id"
    cat > "$root/etc/systemd/system/report.service" << 'UNIT'
[Service]
Type=exec
ExecStart=/bin/sh -c '(cloud-init status --wait > /dev/null 2>&1; cloud-init status --format json; systemctl --failed --plain --no-legend; journalctl -b -o cat | grep -E "ordering cycle|deleted to break" ) > /mnt/report/status 2>&1; systemctl poweroff'
UNIT
    mkdir -p "$root/etc/systemd/system/multi-user.target.wants" "$work/report"
    ln -sf ../report.service "$root/etc/systemd/system/multi-user.target.wants/report.service"
    for unit in apt-daily.timer apt-daily-upgrade.timer e2scrub_all.timer fstrim.timer; do
        ln -sf /dev/null "$root/etc/systemd/system/$unit"
    done
    rm -f "$work/report/status"
    setpriv --pdeathsig KILL unshare --mount --net --pid --fork --kill-child --mount-proc --propagation private \
        sh "$here/machine.sh" "$root" "$work/report" "$1" > "$work/boot.log" 2>&1 < /dev/null || true
    rm -f "$root/etc/systemd/system/report.service" "$root/etc/systemd/system/multi-user.target.wants/report.service"
    if [ ! -s "$work/report/status" ]; then
        echo "no report within $1 s"
        return
    fi
    # A status document, and then what failed.
    python3 - "$work/report/status" << 'PYTHON'
import json, sys
text = open(sys.argv[1]).read()
document, end = json.JSONDecoder().raw_decode(text[text.index("{"):])
rest = " ".join(text[text.index("{") + end:].split())
print(document["status"] + (" " + rest if rest else ""))
PYTHON
    mount -t proc proc "$root/proc"
}
