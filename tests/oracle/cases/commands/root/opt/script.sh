#!/bin/sh
echo grüß
