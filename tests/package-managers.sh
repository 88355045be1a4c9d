#!/bin/bash
# package-managers.sh PROGRAM [NAME…] : dnf, zypper, pacman and emerge install packages from local repositories, as told by a
# cloud-config, on a root of Debian that says it is one of their distributions. PROGRAM is static, or runs on the root, which
# is kept in target/package-managers. Needs root, network namespaces, mmdebstrap and pip.
set -eu
here=$(cd "$(dirname "$0")/.." && pwd)
cache=$(realpath -m "${CARGO_TARGET_DIR:-$here/target}")/package-managers
lower=$cache/root

# inside COMMAND… : in the root, with /proc and /dev.
inside() {
    unshare --mount sh -euc 'root=$1 && shift
        mount -t proc proc "$root/proc" && mount --bind /dev "$root/dev"
        exec chroot "$root" "$@"' sh "$lower" "$@"
}

# The package greeting in two versions and its dependency tongue, as rpms and as packages of pacman. zypper wants a glibc.
build_rpms() {
    mkdir -p "$lower/srv/rpm"
    for package in tongue-1.0 greeting-1.0 greeting-2.0; do
        name=${package%-*} version=${package#*-}
        cat > "$lower/tmp/$name.spec" <<SPEC
Name: $name
Version: $version
Release: 1
Summary: A package of a test
License: MIT
BuildArch: noarch
$([ "$name" = tongue ] && echo "Provides: glibc" || echo "Requires: tongue")
%description
None.
%install
mkdir -p %{buildroot}/opt/$name
echo $version > %{buildroot}/opt/$name/version
%files
/opt/$name
SPEC
        inside rpmbuild --quiet --define "_topdir /tmp/rpmbuild" --define "_rpmdir /srv/rpm" -bb "/tmp/$name.spec" > "$cache/rpmbuild.log" 2>&1 ||
            { cat "$cache/rpmbuild.log"; return 1; }
    done
    inside createrepo_c --quiet /srv/rpm
}

build_packages_of_pacman() {
    mkdir -p "$lower/srv/pacman"
    for package in tongue-1.0 greeting-1.0 greeting-2.0; do
        name=${package%-*} version=${package#*-} built=$lower/tmp/built
        rm -rf "$built" && mkdir -p "$built/opt/$name"
        echo "$version" > "$built/opt/$name/version"
        printf 'pkgname = %s\npkgver = %s-1\npkgdesc = A package of a test\narch = any\nsize = 4\n' "$name" "$version" > "$built/.PKGINFO"
        [ "$name" = tongue ] || echo "depend = tongue" >> "$built/.PKGINFO"
        inside sh -c "cd /tmp/built && bsdtar -cf - .PKGINFO opt | zstd -q -o /srv/pacman/$name-$version-1-any.pkg.tar.zst"
    done
    # Of the versions in a repository pacman knows the last.
    inside sh -c "cd /srv/pacman && repo-add -q extra.db.tar.gz tongue-*.zst greeting-2*.zst" > /dev/null
}

# Portage as PyPI has it, with its paths of a system, and a repository of two ebuilds.
build_portage() {
    local tree=$lower/srv/gentoo downloads=$lower/tmp/wheels
    rm -rf "$downloads" "$tree" && mkdir -p "$downloads"
    for pause in 5 20 0; do
        ! python3 -m pip download --quiet --no-deps --dest "$downloads" portage pip || break
        sleep "$pause"
    done
    inside sh -c 'PYTHONPATH=$(ls /tmp/wheels/pip-*.whl) python3 -m pip install --quiet --no-index --no-deps --prefix /usr \
        --root-user-action ignore --break-system-packages /tmp/wheels/portage-*.whl'
    local packages
    packages=$(ls -d "$lower"/usr/lib/python3.*/site-packages)
    # Debian's interpreter does not look there, and as a module, Portage would have its configuration below /usr.
    echo "${packages#"$lower"}" > "$lower/usr/lib/python3/dist-packages/portage.pth"
    sed -i -e '/ EPREFIX = /s/__import__("sys").prefix/""/' -e 's#"/share/portage#"/usr/share/portage#' "$packages/portage/const.py"
    inside sh -c 'groupadd -g 250 portage && useradd -u 250 -g portage -d /var/tmp/portage -s /bin/false portage' 2> /dev/null
    mkdir -p "$tree"/{metadata,profiles/default,app-misc/greeting,dev-libs/tongue} "$lower/etc/portage/repos.conf"
    echo gentoo > "$tree/profiles/repo_name"
    echo amd64 > "$tree/profiles/arch.list"
    echo "amd64 default stable" > "$tree/profiles/profiles.desc"
    printf 'app-misc\ndev-libs\n' > "$tree/profiles/categories"
    printf 'masters =\nthin-manifests = true\nsign-manifests = false\nprofile-formats = portage-2\n' > "$tree/metadata/layout.conf"
    echo 8 > "$tree/profiles/default/eapi"
    printf '%s\n' ARCH=amd64 ACCEPT_KEYWORDS=amd64 CHOST=x86_64-pc-linux-gnu ELIBC=glibc KERNEL=linux USERLAND=GNU > "$tree/profiles/default/make.defaults"
    ln -sfn /srv/gentoo/profiles/default "$lower/etc/portage/make.profile"
    printf '[DEFAULT]\nmain-repo = gentoo\n[gentoo]\nlocation = /srv/gentoo\nsync-type =\nsync-uri =\nauto-sync = no\n' > "$lower/etc/portage/repos.conf/gentoo.conf"
    # There is no sandbox, and these namespaces have no other ones.
    echo 'FEATURES="-sandbox -usersandbox -userpriv -userfetch -usersync -network-sandbox -ipc-sandbox -pid-sandbox -mount-sandbox -news"' > "$lower/etc/portage/make.conf"
    for ebuild in dev-libs/tongue-1.0 app-misc/greeting-1.0 app-misc/greeting-2.0; do
        cat > "$tree/${ebuild%-*}/${ebuild#*/}.ebuild" <<EBUILD
EAPI=8
DESCRIPTION="A package of a test"
HOMEPAGE="https://example.com/"
SLOT="0"
KEYWORDS="amd64"
S=\${WORKDIR}
RDEPEND="$([ "${ebuild%-*}" = dev-libs/tongue ] || echo dev-libs/tongue)"
src_install() {
	insinto /opt/\${PN}
	echo \${PV} > version || die
	doins version
}
EBUILD
    done
}

build_root() {
    [ ! -e "$lower/etc/os-release" ] || return 0
    mkdir -p "$cache"
    rm -rf "$cache/part"
    local packages=dnf,dnf5,zypper,pacman-package-manager,makepkg,rpm,createrepo-c,zstd,libarchive-tools,ca-certificates
    for pause in 5 20 0; do
        if mmdebstrap --quiet --mode=root --variant=minbase --components=main --include="$packages" \
            --aptopt='Acquire::Check-Valid-Until "false"' sid "$cache/part"; then
            # Debian's apt is no tool of these distributions.
            rm -f "$cache"/part/usr/bin/apt*
            mv "$cache/part" "$lower"
            return 0
        fi
        rm -rf "$cache/part"
        sleep "$pause"
    done
    return 1
}

# boot NAME ID CHECK : the four stages on that root with the user-data on standard input; CHECK runs in it afterwards. The
# program dnf is $dnf.
boot() {
    local name=$1 id=$2 check=$3 work
    work=$(mktemp -d "$cache/boot.XXXXXX")
    mkdir -p "$work/upper/etc/cloud/cloud.cfg.d" "$work/upper/var/lib/cloud/seed/nocloud" "$work/upper/usr/bin" "$work/work" "$work/root"
    cp "$program" "$work/upper/usr/bin/cloud-init"
    # A packaged program leaves out what builds packages.
    (cd "$here" && cargo run --quiet -- generate cloud-cfg "$name") > "$work/upper/etc/cloud/cloud.cfg"
    printf 'datasource_list: [NoCloud]\nnetwork: {config: disabled}\nsystem_info: {distro: %s}\n' "$name" > "$work/upper/etc/cloud/cloud.cfg.d/90_test.cfg"
    echo "instance-id: i-$name" > "$work/upper/var/lib/cloud/seed/nocloud/meta-data"
    cat > "$work/upper/var/lib/cloud/seed/nocloud/user-data"
    printf '%s\n' "$id" > "$work/upper/etc/os-release"
    [ -z "${dnf:-}" ] || ln -s "$dnf" "$work/upper/usr/bin/dnf"
    code=0
    unshare --mount --net --pid --uts --ipc --fork --kill-child sh -euc '
        mount -t overlay overlay -o "lowerdir=$1,upperdir=$2/upper,workdir=$2/work" "$2/root"
        cd "$2/root"
        mount -t proc proc proc
        mount -t tmpfs tmpfs run
        for stage in "init --local" init "modules --mode=config" "modules --mode=final"; do
            chroot . env -i PATH=/usr/sbin:/usr/bin LC_ALL=C.UTF-8 cloud-init $stage </dev/null || true
        done
        chroot . env -i PATH=/usr/sbin:/usr/bin LC_ALL=C.UTF-8 sh -euxc "$3"
    ' sh "$lower" "$work" "$check" > "$work/log" 2>&1 || code=$?
    if [ "$code" != 0 ]; then
        tail -n 60 "$work/log"
        grep -E "WARN|ERROR" "$work/upper/var/log/cloud-init.log" || true
        echo "package-managers.sh: $name failed, see $work" >&2
        return 1
    fi
    echo "package-managers.sh: $name, $(grep -m 1 "^version: " "$work/log"): installed"
    rm -rf "$work"
}

# As Fedora has it since its release 41.
with_dnf5() {
    dnf=dnf5 with_dnf
}

with_dnf() {
    boot fedora "$(printf 'ID=fedora\nVERSION_ID=42')" '
        echo "version: $(readlink /usr/bin/dnf), $(dnf --version | head -n 1)"
        rpm -q greeting-1.0 tongue
        grep -x 1.0 /opt/greeting/version
        grep -x "baseurl = file:///srv/rpm" /etc/yum.repos.d/extra.repo
    ' <<'DATA'
#cloud-config
yum_repos:
  extra: {name: Extra, baseurl: "file:///srv/rpm", enabled: true, gpgcheck: false}
package_update: true
package_upgrade: true
packages: [[greeting, "1.0"]]
DATA
}

with_zypper() {
    boot opensuse-leap "$(printf 'ID=opensuse-leap\nVERSION_ID=15.6')" '
        echo "version: $(zypper --version)"
        rpm -q greeting-1.0 tongue
        zypper --non-interactive repos --uri | grep "extra.*/srv/rpm"
        grep -x "solver.onlyRequires=true" /etc/zypp/zypp.conf
    ' <<'DATA'
#cloud-config
bootcmd:
  # As SUSE's images have it; zypper's package in Debian does not.
  - printf '[main]\n# solver.onlyRequires = false\n' > /etc/zypp/zypp.conf
zypper:
  repos:
    - {id: extra, name: Extra, baseurl: "file:///srv/rpm", enabled: 1, autorefresh: 0, gpgcheck: 0}
  config: {solver.onlyRequires: "true"}
package_update: true
package_upgrade: true
packages: [[greeting, "1.0"]]
DATA
}

with_pacman() {
    boot arch "ID=arch" '
        echo "version: $(pacman --version | grep -m 1 -o "Pacman v[0-9.]*")"
        pacman -Q greeting tongue | grep -x "greeting 2.0-1"
        grep -x 2.0 /opt/greeting/version
    ' <<'DATA'
#cloud-config
bootcmd:
  - printf '[options]\nArchitecture = auto\nSigLevel = Never\n[extra]\nServer = file:///srv/pacman\n' > /etc/pacman.conf
package_update: true
package_upgrade: true
packages: [[greeting, "2.0"]]
DATA
}

with_emerge() {
    boot gentoo "ID=gentoo" '
        echo "version: $(emerge --version 2> /dev/null | cut -d" " -f1-2)"
        ls -d /var/db/pkg/app-misc/greeting-1.0 /var/db/pkg/dev-libs/tongue-1.0
        grep -x 1.0 /opt/greeting/version
    ' <<'DATA'
#cloud-config
package_update: true
package_upgrade: true
packages: [[app-misc/greeting, "1.0"]]
DATA
}

program=$(realpath "$1")
shift
build_root
if [ ! -e "$lower/srv/complete" ]; then
    rm -rf "$lower"/srv/*
    build_rpms
    build_packages_of_pacman
    touch "$lower/srv/complete"
fi
if [ ! -e "$lower/srv/gentoo/complete" ]; then
    build_portage
    touch "$lower/srv/gentoo/complete"
fi
for name in ${*:-dnf dnf5 zypper pacman emerge}; do
    "with_$name"
done
