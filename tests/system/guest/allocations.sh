#!/bin/busybox sh
# allocations.sh: what a script does that makes the kernel allocate: pipes, files, folders, links, children, programs, mappings.
# Run with one allocation failing at a time (tests/system/debug_profile.py): any command may fail, and the whole may be killed.
mkdir /tmp/allocations && cd /tmp/allocations || exit 1
echo hello >a && cat a | tr a-z A-Z | wc -c >b || exit 1
cp a c && mv c d && ln -s a g && ln a h || exit 1
ls -l | sort | head -2 >e || exit 1
(sleep 0; echo x) >f & wait $! || exit 1
[ "$(grep -c hello g)" = 1 ] || exit 1
for i in 1 2 3; do echo $i; done | while read j; do test $j || exit 1; done || exit 1
dd if=/dev/zero of=i bs=4k count=8 2>/dev/null && dd if=i of=/dev/null bs=1k skip=30 2>/dev/null || exit 1
awk 'BEGIN { for (i = 0; i < 2000; i++) a[i] = i; exit a[1999] != 1999 }' || exit 1
rm -rf /tmp/allocations
