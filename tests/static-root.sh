#!/bin/sh
# static-root.sh PROGRAM : the program in an empty root. No C library, no loader, no name service switch: it is to
# start, look users up in the root's passwd, and resolve a name by the root's hosts and resolv.conf.
set -eu
program=$(realpath "$1")
if ldd "$program" 2> /dev/null | grep -q '=>'; then
    echo "not static:" && ldd "$program" && exit 1
fi
root=$(mktemp -d)
trap 'kill $server 2> /dev/null || :; rm -rf "$root"' EXIT
mkdir -p "$root/etc" "$root/proc" "$root/sys" "$root/run" "$root/var/lib/cloud/seed/nocloud" "$root/tmp" "$root/etc/cloud"
cp "$program" "$root/cloud-init"
# Every kernel brings a /dev of its own; of it only randomness is needed.
mkdir "$root/dev"
mknod -m 666 "$root/dev/random" c 1 8
mknod -m 666 "$root/dev/urandom" c 1 9
printf 'root:x:0:0:root:/root:/bin/sh\nalice:x:1234:1234::/home/alice:/bin/sh\n' > "$root/etc/passwd"
printf 'root:x:0:\nalice:x:1234:\n' > "$root/etc/group"
printf '127.0.0.1 seed.example.invalid\n' > "$root/etc/hosts"
printf 'nameserver 127.0.0.1\n' > "$root/etc/resolv.conf"
printf 'ID=debian\nVERSION_ID="13"\n' > "$root/etc/os-release"
cat > "$root/etc/cloud/cloud.cfg" <<'CFG'
datasource_list: [ NoCloud, None ]
network: {config: disabled}
cloud_init_modules: [ write_files ]
system_info: {distro: debian}
CFG
# The seed is fetched by name: hosts is the only place that knows it.
mkdir "$root/tmp/web"
printf 'instance-id: static\n' > "$root/tmp/web/meta-data"
printf '#cloud-config\nwrite_files: [{path: /written, owner: "alice:alice", content: ok}]\n' > "$root/tmp/web/user-data"
python3 -m http.server --bind 127.0.0.1 --directory "$root/tmp/web" 8765 > /dev/null 2>&1 &
server=$!
sleep 1
printf 'seedfrom: http://seed.example.invalid:8765/\ninstance-id: static\n' > "$root/var/lib/cloud/seed/nocloud/meta-data"
: > "$root/var/lib/cloud/seed/nocloud/user-data"
chroot "$root" /cloud-init --version
chroot "$root" /cloud-init init --local || { cat "$root/var/log/cloud-init.log"; exit 1; }
chroot "$root" /cloud-init init || { cat "$root/var/log/cloud-init.log"; exit 1; }
[ "$(stat -c %u:%g "$root/written")" = 1234:1234 ] || { cat "$root/var/log/cloud-init.log"; exit 1; }
echo "static-root: started, resolved a name, looked a user up"
