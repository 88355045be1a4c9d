# `cloud-init clean` runs the executable files of this directory, sorted by name, before it removes anything. Use them to
# remove what else an image must not keep of an instance.
