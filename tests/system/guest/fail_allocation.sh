#!/bin/busybox sh
# fail_allocation.sh: /proc/helix/fail_allocation as a script uses it (tests/system/debug_profile.py). What fails here is the shell's own
# opening of a file: it cannot do without forking.
f=/proc/helix/fail_allocation
exec 3<>$f 2>/dev/null # once: opened at each command, it would be what fails, and told about
echo step 1 >&3
true >/tmp/fail_allocation
echo first $?
true >/tmp/fail_allocation
echo second $?
cat $f
for wrong in '' 0 'step 0' step 'every x' 'step 1 2' offf; do
    echo "$wrong" >&3 && echo "taken: $wrong"
done
echo after wrong ones: "$(head -n 1 $f)"
echo every 2 >&3
failed=0
for i in 1 2 3 4 5 6 7 8 9 10; do
    true >/tmp/fail_allocation || failed=$((failed + 1))
done
echo off >&3
cat $f
echo refused $failed
rm -f /tmp/fail_allocation
