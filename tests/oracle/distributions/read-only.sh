# The root of a transactional system: a snapshot of btrfs that is mounted read-only, as is /usr, with everything else over it.
snapshot=$scratch/snapshot
truncate -s 120M "$scratch/image"
mkfs.btrfs -q "$scratch/image"
mkdir "$snapshot"
mount -o loop "$scratch/image" "$snapshot"
for entry in *; do
    if [ -L "$entry" ]; then cp -a "$entry" "$snapshot"; else mkdir "$snapshot/$entry"; fi
done
mount -o remount,ro "$snapshot"
for entry in *; do
    [ -L "$entry" ] || mount --rbind "$entry" "$snapshot/$entry"
done
cd "$snapshot"
mount -o remount,bind,ro usr
