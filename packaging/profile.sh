#!/bin/sh
# profile.sh FEATURES : prints the profile of cargo for these features: of what an appliance needs, all code is compiled for size
# alone, and else only what a usual boot hardly runs.
set -eu
case $1 in
target-appliance) echo appliance ;;
*) echo release ;;
esac
