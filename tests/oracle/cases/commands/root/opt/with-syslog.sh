#!/bin/sh
# with-syslog.sh WORD... : runs the words on a machine that has a syslog; keys and fingerprints are taken out.
python3 -c 'import socket, time
listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
listener.bind("/dev/log")
time.sleep(60)' &
while ! [ -S /dev/log ]; do sleep 0.05; done
"$@" | sed -E 's/SHA256:[^ ]+/PRINT/; s/AAAA[^ ]+/KEY/'
kill $!
rm -f /dev/log
