# `port SCRIPT [FILE]` runs a host (a Python program on standard input of the root's python3) at the other end of the
# machine's second serial port. The host gets the port's descriptor as its first argument, and FILE as descriptor 3.
port() {
    # Compiled, so that Python writes no cache.
    packages=usr/lib/python3/dist-packages
    cp "$machines/serial.py" $packages
    chroot . python3 -c "import py_compile as c; c.compile('/$packages/serial.py', '/$packages/serial.pyc', invalidation_mode=c.PycInvalidationMode.UNCHECKED_HASH)"
    rm $packages/serial.py
    mkdir -p dev/pts
    mount -t devpts -o newinstance,ptmxmode=666 devpts dev/pts
    [ -e dev/ptmx ] || ln -s pts/ptmx dev/ptmx
    : >dev/ttyS1
    chroot . python3 - <"$1" 3<"${2:-/dev/null}" >"$scratch/port" 2>"$scratch/port.errors" &
    until [ -s "$scratch/port" ]; do sleep 0.01; done
    mount --bind "dev/pts/0" dev/ttyS1
}

# `nic NAME MAC` adds a network device that is real: it has a directory of its bus.
nic() {
    ip tuntap add dev "$1" mode tap
    ip link set "$1" address "$2"
    # Its link-local address would come at its own time.
    ip link set "$1" addrgenmode none
    mkdir -p "$scratch/$1/device"
    mount -t overlay overlay -o "lowerdir=$scratch/$1:$PWD/sys/devices/virtual/net/$1" "sys/devices/virtual/net/$1"
}
