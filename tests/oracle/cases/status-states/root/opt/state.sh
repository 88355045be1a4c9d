#!/bin/sh
# state.sh [RUN-FILE=CONTENT...] : what `status` tells of a machine whose run directory holds these files.
set -f
rm -rf /run/cloud-init /run/systemd /var/lib/cloud/data
mkdir -p /run/cloud-init /var/lib/cloud/data
[ -z "$SYSTEMD" ] || mkdir -p /run/systemd/system
for file; do
    printf '%s\n' "${file#*=}" > "/run/cloud-init/${file%%=*}"
done
for format in "" --long "--format json" "--format yaml" "--format tabular --long"; do
    cloud-init status $format
    echo "exit $?"
done
cloud-id
echo "exit $?"
