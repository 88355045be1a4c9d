# Sourced by login shells: prints cloud-init's warnings about this instance, until one of two files exists.
cloud_init_warnings() {
    for cloud_init_warning in /var/lib/cloud/instance/warnings/*; do
        [ -f "$cloud_init_warning" ] && cat "$cloud_init_warning" && cloud_init_warned=yes
    done
    [ -z "$cloud_init_warned" ] ||
        printf '\n%s\n  touch %s\n%s\n  touch %s\n' "Disable the warnings above by:" "$HOME/.cloud-warnings.skip" \
            "or for all users by:" /var/lib/cloud/instance/warnings/.skip
}

[ ! -d /var/lib/cloud/instance/warnings ] || [ -f "$HOME/.cloud-warnings.skip" ] ||
    [ -f /var/lib/cloud/instance/warnings/.skip ] || cloud_init_warnings >&2
unset -f cloud_init_warnings
unset cloud_init_warning cloud_init_warned
