#!/bin/bash
# completion.sh DIRECTORY : what bash, fish and zsh complete, and what an interactive bash makes of keys that script(1) types.
set -eu
script=$(realpath "$1/cloud-init")
fish=$(realpath "$1/cloud-init.fish")
zsh=$(realpath "$1/_cloud-init")
failed=0
# Commands that other programs call.
hidden="cloud-id ds-identify hotplugd hook-hotplug per generator generate write-ssh-key-fingerprints"

# complete LINE : the words that bash offers for the line, as its own completion machinery splits it.
complete() {
    bash --norc --noprofile -i -c '
        source "$1"
        # bash splits words at COMP_WORDBREAKS; compopt and complete are those of this shell.
        COMP_LINE=$2
        COMP_POINT=${#COMP_LINE}
        read -ra COMP_WORDS <<< "${COMP_LINE//=/ = }"
        case $COMP_LINE in *" ") COMP_WORDS+=("") ;; esac
        COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
        _cloud_init cloud-init "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
        printf "%s\n" "${COMPREPLY[@]}"' bash "$script" "$1" 2> /dev/null | sort
}

# offers LINE WORD…: all of these; offers_not LINE WORD…: none of these.
offers() {
    local line=$1 found
    found=$(complete "$line")
    shift
    for word; do
        grep -qxF -e "$word" <<< "$found" || { echo "'$line' does not offer $word; it offers: $(xargs <<< "$found")"; failed=1; }
    done
}
offers_not() {
    local line=$1 found
    found=$(complete "$line")
    shift
    for word; do
        ! grep -qxF -e "$word" <<< "$found" || { echo "'$line' offers $word"; failed=1; }
    done
}

offers "cloud-init " init modules single query schema clean status analyze collect-logs devel plan
# shellcheck disable=SC2086
offers_not "cloud-init " $hidden
offers "cloud-init st" status
offers "cloud-init status --" --wait --long --format --timeout
offers "cloud-init status --format " json yaml tabular
offers "cloud-init status --format=j" json
offers "cloud-init status --wait --format " json
offers "cloud-init analyze " blame show dump boot plot trace
offers "cloud-init analyze show --" --format --infile
offers "cloud-init devel " make-mime render net-convert hotplug-hook
offers "cloud-init devel hotplug-hook --subsystem net handle --udevaction " add
offers "cloud-init clean --configs " all ssh_config network
offers "cloud-init clean -c " all
offers "cloud-init plan --distro " debian ubuntu centos
offers "cloud-init plan --example " openstack-centos7
offers "cloud-init plan --data-source " NoCloud
offers "cloud-init single --name " runcmd
offers "cloud-init modules --mode " init config final
offers "cloud-init --debug modules -m " final
offers "cloud-init devel net-convert -O " netplan networkd

# fish and zsh: the same commands.
in_fish() { fish --no-config -c 'source $argv[1]; complete -C $argv[2]' "$fish" "$1" | cut -f1; }
offered=$(in_fish "cloud-init "; in_fish "cloud-init status --format ")
described=$(sed -n "s/^'\([a-z-]*\):.*/\1/p" "$zsh")
for word in init schema status plan json; do
    grep -qx -e "$word" <<< "$offered" || { echo "fish does not offer $word: $(xargs <<< "$offered")"; failed=1; }
    [ "$word" = json ] || grep -qx "$word" <<< "$described" || { echo "zsh does not describe $word: $(xargs <<< "$described")"; failed=1; }
done
for word in $hidden; do
    ! grep -qx -e "$word" <<< "$offered" || { echo "fish offers $word"; failed=1; }
    ! grep -qx -e "$word" <<< "$described" || { echo "zsh describes $word"; failed=1; }
done

# The keys of a person: TAB completes the command, the option and its value in an interactive shell.
typed=$(printf 'PS1="> "\nsource %q\ncloud-init() { echo "[$*]"; }\ncloud-init stat\t--form\tj\t\nexit\n' "$script" |
    INPUTRC=/dev/null TERM=dumb script -qec 'bash --norc --noprofile -i' /dev/null | tr -d '\r' | grep '^\[' || true)
[ "$typed" = "[status --format json]" ] || { echo "typed: '$typed'; expected '[status --format json]'"; failed=1; }
exit "$failed"
