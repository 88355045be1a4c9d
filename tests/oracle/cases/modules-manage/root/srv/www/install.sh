#!/bin/sh
# Records how it is called, as whom and where.
mkdir -p /var/tmp/calls 2>/dev/null
chmod 1777 /var/tmp/calls 2>/dev/null
{ echo "$(id -un) in $PWD with HOME=$HOME: ${0##*/} $*"; cat; } >>/var/tmp/calls/"${0##*/}"
