# cloud-init reads the files *.cfg of this directory after /etc/cloud/cloud.cfg, sorted by name. A later file takes
# precedence over an earlier one. `cloud-init explain KEY` shows the file that a value comes from.
