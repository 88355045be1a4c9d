#!/bin/sh
/root/.customization/customize.sh postcustomization
rm -f /.guest-customization-post-reboot-pending
