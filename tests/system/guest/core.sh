#!/bin/busybox sh
# SPDX-License-Identifier: MIT
# core.sh: what a busybox shell must be able to do. Prints `ok NAME` or `FAIL NAME: reason`; SMALL=1 for little memory.
cd /tmp || exit 1
failed=0

# same NAME ACTUAL WANTED
same() {
    if [ "$2" = "$3" ]; then
        echo "ok $1"
    else
        echo "FAIL $1: got '$2', wanted '$3'"
        failed=1
    fi
}

# holds NAME COMMAND…
holds() {
    name=$1
    shift
    if "$@"; then
        echo "ok $name"
    else
        echo "FAIL $name: status $?"
        failed=1
    fi
}

lines=100000 mebibytes=16
if [ -n "$SMALL" ]; then lines=10000 mebibytes=1; fi

same echo_through_tr "$(echo hello | tr a-z A-Z)" HELLO
same five_in_a_pipeline "$(seq 1 100 | grep 7 | sed s/7/x/ | sort -r | wc -l)" 19
same here_document "$(cat <<END
one $((1 + 1))
END
)" "one 2"
same command_substitution "$(echo $(echo nested $(echo deep)))" "nested deep"
same awk_sums "$(seq 1 1000 | awk '{ s += $1 } END { print s }')" 500500
same sed_edits "$(printf 'a\nb\nc\n' | sed -n '2s/b/B/p')" B
same sort_of_many_lines "$(seq 1 $lines | awk '{ print ($1 * 7919) % 1000003 }' | sort -n | awk 'NR > 1 && $1 < last { bad = 1 } { last = $1 } END { print NR, bad + 0 }')" "$lines 0"
same md5sum_of_a_big_file "$(yes 0123456789abcde | head -c $((mebibytes * 1048576)) >big && md5sum <big | cut -c1-32)" "$([ $mebibytes = 16 ] && echo 6d1c3825629e0bc4f39b95b5f204afe9 || echo f6671daa02ca47d12016abc835ca4a4d)"
same dd_copies_blocks "$(dd if=big of=part bs=4096 count=64 skip=3 2>/dev/null && wc -c <part)" 262144
same cmp_agrees "$(dd if=big bs=4096 count=64 skip=3 2>/dev/null | cmp - part && echo same)" same
rm -f big part
mkdir -p tree/a/b/c && echo 1 >tree/a/one && echo 2 >tree/a/b/two && ln -s ../one tree/a/b/link
same tar_through_gzip "$(tar c tree | gzip | gunzip | tar t | sort | tr '\n' ' ')" "tree/ tree/a/ tree/a/b/ tree/a/b/c/ tree/a/b/link tree/a/b/two tree/a/one "
same tar_extracts "$(mkdir -p out && tar c tree | tar x -C out && cat out/tree/a/b/link)" 1
same find_lists "$(find tree -type f | sort | tr '\n' ' ')" "tree/a/b/two tree/a/one "
same find_through_xargs "$(find tree -type f | xargs cat | sort | tr '\n' ' ')" "1 2 "
holds find_whole_tree sh -c 'find / -xdev | xargs ls -ld >/dev/null'
holds ls_whole_tree sh -c 'ls -lR / >/tmp/listing 2>/tmp/errors; [ $(wc -l </tmp/listing) -gt 300 ]'
rm -rf tree out listing errors
same loop_counts "$(i=0; while [ $i -lt 200 ]; do i=$((i + 1)); done; echo $i)" 200
same many_children "$(i=0; while [ $i -lt 60 ]; do /bin/busybox true && i=$((i + 1)); done; echo $i)" 60
same background_jobs "$(for i in 1 2 3 4 5; do (sleep 0.$i; echo $i) & done; wait; echo done)" "$(printf '1\n2\n3\n4\n5\ndone')"
same wait_gives_the_status "$(sh -c 'exit 37' & wait $!; echo $?)" 37
same trap_runs "$(sh -c 'trap "echo trapped" USR1; kill -USR1 $$; echo after')" "$(printf 'trapped\nafter')"
same exit_trap_runs "$(sh -c 'trap "echo bye" EXIT; exit 3'; echo $?)" "$(printf 'bye\n3')"
same killed_status "$(sh -c 'kill -TERM $$'; echo $?)" 143
same segv_status "$(sh -c 'kill -SEGV $$' 2>/dev/null; echo $?)" 139
same missing_program "$(sh -c 'nosuchprogram' 2>/dev/null; echo $?)" 127
same timeout_ends_a_sleeper "$(timeout 1 sleep 100; echo $?)" 143
same sleep_sleeps "$(a=$(date +%s); sleep 1; b=$(date +%s); [ $((b - a)) -ge 1 ] && [ $((b - a)) -le 5 ] && echo yes)" yes
same redirections "$(sh -c 'echo out; echo err >&2' 2>&1 >/dev/null)" err
same append_redirection "$(echo a >f; echo b >>f; cat f | tr '\n' ' ')" "a b "
same numbered_descriptor "$(exec 5>f5; echo five >&5; exec 5>&-; cat f5)" five
same glob "$(touch g1 g2 g3; echo g*)" "g1 g2 g3"
same rename_and_remove "$(mv g1 g4; rm g2; echo g*)" "g3 g4"
rm -f f f5 g3 g4
same head_stops_yes "$(yes | head -n 3 | tr '\n' ' ')" "y y y "
same xargs_batches "$(seq 1 500 | xargs -n 100 echo | wc -l)" 5
same cut_and_paste "$(printf 'a:b\nc:d\n' | cut -d: -f2 | paste -s -d, -)" "b,d"
same sha256sum "$(printf abc | sha256sum | cut -c1-16)" ba7816bf8f01cfea
same od_shows_zeros "$(head -c 4 /dev/zero | od -An -tx1 | tr -d ' \n')" 00000000
same random_differs "$([ "$(head -c 16 /dev/urandom | md5sum)" != "$(head -c 16 /dev/urandom | md5sum)" ] && echo yes)" yes
same full_is_full "$(sh -c 'echo x >/dev/full' 2>/dev/null; echo $?)" 1
same uname_machine "$(uname -m)" "$MACHINE"
same id_is_root "$(id -u)" 0
same test_file_kinds "$([ -c /dev/null ] && [ -d /tmp ] && [ -L /bin/sh ] && [ -f /etc/passwd ] && echo yes)" yes
same ps_shows_this_shell "$(ps | grep -c '[c]ore.sh' | awk '{ print ($1 >= 1) }')" 1
same ps_shows_columns "$(ps -o pid,ppid,stat,comm | awk -v pid=$$ '$1 == pid { print "found" }')" found
holds free_shows_memory sh -c 'free | awk "/^Mem:/ && \$2 > 4000 && \$2 >= \$3 + \$4 { found = 1 } END { exit !found }"'
holds uptime_works sh -c 'uptime | grep -q load'
holds mount_lists_root sh -c 'mount | grep -q " / "'
holds df_works sh -c 'df / >/dev/null'
holds top_once sh -c 'top -b -n 1 | grep -q PID'
holds proc_files sh -c 'cat /proc/uptime /proc/loadavg /proc/stat /proc/cpuinfo /proc/version /proc/self/status /proc/mounts >/dev/null'
same fifo "$(mkfifo q && { echo through >q & cat q; }; rm q)" through
same subshell_keeps_directory "$( (cd / && pwd); pwd)" "$(printf '/\n/tmp')"
same environment_passes "$(VALUE=here sh -c 'echo $VALUE')" here
same arithmetic "$((2 * 3 + 7 % 4 - (1 << 4)))" -7
same case_and_functions "$(f() { case $1 in a*) echo A ;; *) echo other ;; esac; }; f abc; f x)" "$(printf 'A\nother')"
same read_loop "$(printf '1 2\n3 4\n' | while read a b; do echo $((a + b)); done | tr '\n' ' ')" "3 7 "
same symbolic_mode "$(touch m; chmod u=rwx,go=r m; stat -c %a m)" 744
same touch_sets_time "$(touch -d '2020-01-02 03:04:05' m; date -r m +%Y-%m-%d)" 2020-01-02
same du_counts "$(mkdir -p u; head -c 100000 /dev/zero >u/x; [ $(du -k u/x | cut -f1) -ge 97 ] && echo yes)" yes
same diff_finds "$(printf '1\n2\n' >d1; printf '1\n3\n' >d2; diff d1 d2 | grep -c '^[+-][23]')" 2
same bunzip "$(echo squeeze | bzip2 2>/dev/null | bunzip2 2>/dev/null || echo squeeze)" squeeze
rm -rf m u d1 d2
[ $failed = 0 ] && echo "ok core_set_complete"
exit $failed
