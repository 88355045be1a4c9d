# Sourced by login shells: reports once if the environment names locales that this machine has not generated. ssh
# passes the client's locale on, which an image seldom has.
cloud_init_locale_test() {
    # locale(1) complains on standard error, in a line for each category it cannot set.
    LC_MESSAGES=C locale 2>&1 > /dev/null | grep -q '^locale: Cannot set' || return 0
    cloud_init_names=$(locale 2> /dev/null | sed -n 's/^[A-Z_]*="\{0,1\}\([^"]*\)"\{0,1\}$/\1/p' | sort -u)
    cloud_init_known=$(locale -a 2> /dev/null | tr 'A-Z' 'a-z' | sed 's/utf-8/utf8/')
    cloud_init_missing=
    while read -r cloud_init_name; do
        [ -n "$cloud_init_name" ] || continue
        printf '%s\n' "$cloud_init_known" |
            grep -qxF "$(printf '%s\n' "$cloud_init_name" | tr 'A-Z' 'a-z' | sed 's/utf-8/utf8/')" ||
            cloud_init_missing="$cloud_init_missing $cloud_init_name"
    done << NAMES
$cloud_init_names
NAMES
    [ -n "$cloud_init_missing" ] || return 0
    printf '%s\n' "WARNING: this machine does not have the locales of your environment:$cloud_init_missing"
    if command -v localectl > /dev/null && [ ! -e /usr/sbin/locale-gen ]; then
        printf '  %s\n' "install them with the packages glibc-langpack-*, or set another with: localectl set-locale"
    elif [ -e /usr/sbin/locale-gen ]; then
        printf '  %s\n' "generate them with: sudo locale-gen$cloud_init_missing"
    else
        printf '  %s\n' "generate them with: sudo apt-get install locales && sudo dpkg-reconfigure locales"
    fi
    printf '%s\n' "To disable this message for all users: sudo touch /var/lib/cloud/instance/locale-check.skip"
    : 2> /dev/null > "$HOME/.cloud-locale-test.skip" || :
}

[ -f "$HOME/.cloud-locale-test.skip" ] || [ -f /var/lib/cloud/instance/locale-check.skip ] ||
    ! command -v locale > /dev/null || cloud_init_locale_test
unset -f cloud_init_locale_test
unset cloud_init_name cloud_init_names cloud_init_known cloud_init_missing
