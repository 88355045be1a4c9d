# The machine of every distribution: one network device besides loopback, whose other end nobody has.
mount -t proc proc /proc
unshare --net sleep 600 &
host=$!
until [ "$(readlink /proc/$host/ns/net)" != "$(readlink /proc/self/ns/net)" ]; do sleep 0.01; done
ip link add eth0 address 52:54:00:12:34:56 type veth peer name host0 netns $host
real eth0
