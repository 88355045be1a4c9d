#!/bin/bash
# recipes.sh PROGRAM : runs what the recipes for apk, pacman, Portage and rpm install, with the static PROGRAM as what they
# would build, and checks that all of a package is there. The package managers themselves are not needed, apart from rpm.
set -eu
cd "$(dirname "$0")/../.."
program=$1
target_dir=$(realpath -m "${CARGO_TARGET_DIR:-target}")
work=$(mktemp -d "${TMPDIR:-/tmp}/recipes.XXXXXX")
trap 'rm -rf "$work"' EXIT

# Where a recipe expects the tree; it is built where this script's is.
ln -s "$PWD/packaging" "$PWD/docs" "$PWD/modules" "$PWD/LICENSE" "$work"
ln -s "$target_dir" "$work/target"

# recipe FAMILY ROOT
recipe() {
    case $1 in
    alpine) startdir=$work/packaging/apk pkgdir=$2 sh -euc '. "$startdir/APKBUILD"; package' ;;
    arch) startdir=$work/packaging/pacman pkgdir=$2 bash -euc '. "$startdir/PKGBUILD"; package' ;;
    gentoo)
        WORKDIR=$work ED=$2 CLOUD_INIT_SOURCE=$work bash -euc '
            die() { exit 1; }
            . "$CLOUD_INIT_SOURCE"/packaging/portage/*.ebuild
            src_install'
        ;;
    suse | photon)
        packaging/rpm.sh "$1"
        (cd "$2" && rpm2cpio "$target_dir/rpm/$1"/*.rpm | cpio -id --quiet)
        ;;
    esac
}

for family in alpine arch gentoo suse photon; do
    packaging/generated.sh "$family"
    cp "$program" "$target_dir/package/$family/cloud-init"
    root=$work/$family
    mkdir "$root"
    recipe "$family" "$root"
    case $family in
    alpine) inits=etc/init.d ;;
    gentoo) inits="etc/init.d usr/lib/systemd/system" ;;
    *) inits=usr/lib/systemd/system ;;
    esac
    cmp "$program" "$root/usr/bin/cloud-init"
    grep -qE "^ +distro: $family$" "$root/etc/cloud/cloud.cfg"
    for file in etc/cloud/cloud.cfg.d/05_logging.cfg etc/cloud/templates/hosts.debian.tmpl usr/bin/cloud-id usr/bin/cloud-init-per \
        usr/lib/cloud-init/ds-identify usr/lib/cloud-init/hook-hotplug usr/lib/cloud-init/cloud-init-hotplugd \
        usr/share/bash-completion/completions/cloud-init usr/share/cloud-init/schemas/schema-cloud-config-v1.json; do
        [ -s "$root/$file" ] || { echo "recipes.sh: $family lacks $file" >&2; exit 1; }
    done
    ls "$root"/usr/share/man/man1/cloud-init-status.1* > /dev/null
    for directory in $inits; do
        for stage in cloud-init-local cloud-config cloud-final; do
            [ -s "$root/$directory/$stage" ] || [ -s "$root/$directory/$stage.service" ] ||
                { echo "recipes.sh: $family lacks $stage in $directory" >&2; exit 1; }
        done
    done
    # Pages refer to each other.
    pages=$(find "$root/usr/share/doc" -name '*.md')
    [ -n "$pages" ] || { echo "recipes.sh: $family lacks pages" >&2; exit 1; }
    lost=$(for page in $pages; do
        grep -oE ']\([^):#]+' "$page" | sed 's/](//' | while read -r target; do
            [ -e "${page%/*}/$target" ] || echo "${page#"$root"} -> $target"
        done
    done)
    [ -z "$lost" ] || { echo "recipes.sh: $family has references to pages that it lacks:" "$lost" >&2; exit 1; }
    broken=$(find "$root" -xtype l)
    [ -z "$broken" ] || { echo "recipes.sh: $family has links to nothing: $broken" >&2; exit 1; }
    echo "$family: $(find "$root" ! -type d | wc -l) files"
done
