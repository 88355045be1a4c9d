#!/bin/sh
# profile.sh FEATURES : prints the profile of cargo for these features. Where somebody chooses what a machine needs, as for an
# appliance, all code is compiled for size alone; in packages of distributions, only what a usual boot hardly runs.
set -eu
case $1 in
target-appliance) echo appliance ;;
full | target-*) echo release ;;
*) echo appliance ;;
esac
