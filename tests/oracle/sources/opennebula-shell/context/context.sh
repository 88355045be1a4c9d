# Written by hand
ETH0_IP=192.0.2.$((5 + 5))
ETH0_MASK=255.255.255.0
ETH0_MAC=52:54:00:12:34:56
NAME="it's \"quoted\" and
has two lines"
echo noise
if [ -n "$ETH0_IP" ]; then
    HOSTNAME=node-${ETH0_IP##*.}
fi
SSH_PUBLIC_KEY="ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGNsb3Vkc3RhY2tjbG91ZHN0YWNrY2xvdWRzdGFja2Ns one"
USER_DATA='#cloud-config
runcmd: [echo opennebula]
'
PASSWORD=secret
