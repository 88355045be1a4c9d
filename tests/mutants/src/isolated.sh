# Runs a program on a copy of this machine's root that is thrown away, in namespaces of its own: a changed program of root
# may write anywhere, bring up interfaces and send signals to everybody. Arguments: a folder for the copy, the folder that is
# shared with this machine, and the program with its arguments.
set -e
scratch=$1 shared=$2
shift 2
here=$PWD root=$scratch/root
rm -rf "$scratch"
mkdir -p "$root" "$scratch/upper" "$scratch/work" "$scratch/tmp"
chmod 1777 "$scratch/tmp"
mount -t overlay overlay -o "lowerdir=/,upperdir=$scratch/upper,workdir=$scratch/work" "$root"
mount --bind "$scratch/tmp" "$root/tmp"
mount --bind "$shared" "$root$shared"
mount -t proc proc "$root/proc"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
mkdir "$root/run/sshd" "$root/run/lock"
# No disk of this machine is there.
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
for device in null zero full random urandom tty; do
    touch "$root/dev/$device"
    mount --bind "/dev/$device" "$root/dev/$device"
done
mkdir "$root/dev/pts" "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
for stream in 0/stdin 1/stdout 2/stderr; do ln -s "/proc/self/fd/${stream%/*}" "$root/dev/${stream#*/}"; done
mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
ip link set lo up
mkdir "$root/tmp/outside"
cd "$root"
pivot_root . tmp/outside
cd "$here"
umount -l /tmp/outside
rmdir /tmp/outside
# Not as the namespace's first process, which has no parent and ignores signals.
"$@"
exit $?
