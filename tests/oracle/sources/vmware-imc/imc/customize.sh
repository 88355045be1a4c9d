#!/bin/sh
echo "$1" >>/opt/script
