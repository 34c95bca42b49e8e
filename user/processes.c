// SPDX-License-Identifier: MIT
// processes.c: fork, exec, wait, groups, sessions, limits and what is inherited.
#define _GNU_SOURCE
#include "check.h"
#include "machine.h"

#include <elf.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/times.h>
#include <time.h>

extern char **environ;

static void fork_separates_memory(void)
{
    enum { SIZE = 4 << 20 };
    char *memory = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(memory != MAP_FAILED);
    memset(memory, 1, SIZE);
    int ends[2];
    CHECK_EQUAL(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        for (size_t i = 0; i < SIZE; i += 4096)
            CHECK_EQUAL(memory[i], 1);
        memset(memory, 2, SIZE / 2);
        pid_t grandchild = fork();
        if (grandchild == 0) {
            for (size_t i = 0; i < SIZE; i += 4096)
                CHECK_EQUAL(memory[i], i < SIZE / 2 ? 2 : 1);
            memset(memory, 3, SIZE);
            _exit(0);
        }
        CHECK_EQUAL(check_wait(grandchild), 0);
        for (size_t i = 0; i < SIZE; i += 4096)
            CHECK_EQUAL(memory[i], i < SIZE / 2 ? 2 : 1);
        char byte;
        CHECK_EQUAL(read(ends[0], &byte, 1), 1);
        for (size_t i = 0; i < SIZE; i += 4096)
            CHECK_EQUAL(memory[i], i < SIZE / 2 ? 2 : 1);
        _exit(0);
    }
    memset(memory + SIZE / 2, 9, SIZE / 2);
    for (size_t i = 0; i < SIZE; i += 4096)
        CHECK_EQUAL(memory[i], i < SIZE / 2 ? 1 : 9);
    CHECK_EQUAL(write(ends[1], "g", 1), 1);
    CHECK_EQUAL(check_wait(child), 0);
    for (size_t i = 0; i < SIZE; i += 4096)
        CHECK_EQUAL(memory[i], i < SIZE / 2 ? 1 : 9);
}

static void kernel_writes_break_sharing_too(void)
{
    static char page[8192] __attribute__((aligned(4096)));
    memset(page, 'p', sizeof page);
    int ends[2];
    CHECK_EQUAL(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        CHECK_EQUAL(write(ends[1], "childs", 6), 6);
        CHECK_EQUAL(read(ends[0], page, 6), 6);
        CHECK(memcmp(page, "childspp", 8) == 0);
        _exit(0);
    }
    CHECK_EQUAL(check_wait(child), 0);
    CHECK(memcmp(page, "pppppppp", 8) == 0);
}

static void vfork_runs_the_child_first(void)
{
    static volatile int shared;
    pid_t child = machine_vfork();
    if (child == 0) {
        shared = 42;
        _exit(5);
    }
    CHECK_EQUAL(shared, 42);
    CHECK_EQUAL(check_wait(child), 5 << 8);
}

static void wait_status_carries_every_code(void)
{
    static const int codes[] = { 0, 1, 2, 42, 127, 128, 255, 256, 257, -1 };
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        pid_t child = fork();
        if (child == 0)
            _exit(codes[i]);
        CHECK_EQUAL(check_wait(child), (codes[i] & 0xff) << 8);
    }
    CHECK_ERROR(waitpid(-1, NULL, 0), ECHILD);
    CHECK_ERROR(waitpid(getpid(), NULL, 0), ECHILD);
    CHECK_ERROR(waitpid(-1, NULL, 0x10000), EINVAL);
    pid_t child = fork();
    if (child == 0) {
        usleep(100000);
        _exit(3);
    }
    int status = 77;
    CHECK_EQUAL(waitpid(child, &status, WNOHANG), 0);
    CHECK_EQUAL(status, 77);
    siginfo_t info;
    memset(&info, 0xff, sizeof info);
    CHECK_EQUAL(waitid(P_PID, (id_t)child, &info, WEXITED | WNOHANG), 0);
    CHECK_EQUAL(info.si_pid, 0);
    CHECK_EQUAL(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT), 0);
    CHECK_EQUAL(info.si_pid, child);
    CHECK_EQUAL(info.si_code, CLD_EXITED);
    CHECK_EQUAL(info.si_status, 3);
    CHECK_ERROR(waitpid(child, (void *)8, 0), EFAULT);
    CHECK_ERROR(waitid(P_PID, (id_t)child, &info, 0), EINVAL);
}

static void hundred_children_come_and_go(void)
{
    pid_t children[100];
    for (int i = 0; i < 100; i++) {
        children[i] = fork();
        if (children[i] == 0)
            _exit(i);
        CHECK(children[i] > 0);
        for (int j = 0; j < i; j++)
            CHECK(children[i] != children[j]);
    }
    for (int i = 99; i >= 0; i--)
        CHECK_EQUAL(check_wait(children[i]), i << 8);
    for (int i = 0; i < 300; i++) {
        pid_t child = fork();
        if (child == 0)
            _exit(0);
        CHECK_EQUAL(check_wait(child), 0);
    }
}

static void orphan_is_adopted(void)
{
    int ends[2];
    CHECK_EQUAL(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        pid_t self = getpid();
        if (fork() == 0) {
            while (getppid() == self)
                usleep(1000);
            char adopted = check_on_helix() ? getppid() == 1 : getppid() > 0;
            CHECK_EQUAL(write(ends[1], &adopted, 1), 1);
            _exit(0);
        }
        _exit(0);
    }
    CHECK_EQUAL(check_wait(child), 0);
    char adopted;
    CHECK_EQUAL(read(ends[0], &adopted, 1), 1);
    CHECK_EQUAL(adopted, 1);
    CHECK(kill(1, 0) == 0 || errno == EPERM);
    CHECK_ERROR(waitpid(-1, NULL, 0), ECHILD);
}

static void deep_chain_of_forks_unwinds(void)
{
    int level = 0;
    pid_t child;
    while (level < 30 && (child = fork()) == 0)
        level++;
    if (level < 30)
        CHECK_EQUAL(check_wait(child), (level == 29 ? 0 : level + 1) << 8);
    _exit(level == 30 ? 0 : level);
}

static void descriptors_are_inherited_and_shared(void)
{
    check_enter_scratch();
    int fd = open("f", O_RDWR | O_CREAT, 0644);
    CHECK_EQUAL(write(fd, "0123456789", 10), 10);
    lseek(fd, 0, SEEK_SET);
    pid_t child = fork();
    if (child == 0) {
        char buffer[4];
        CHECK_EQUAL(read(fd, buffer, 4), 4);
        close(fd);
        _exit(0);
    }
    CHECK_EQUAL(check_wait(child), 0);
    CHECK_EQUAL(lseek(fd, 0, SEEK_CUR), 4);
}

// ---- exec. This program is its own target: its first argument may be a command of `target_main`.

static int target_main(int count, char **arguments)
{
    const char *command = arguments[1];
    if (strcmp(command, "@echo") == 0) {
        for (int i = 2; i < count; i++)
            printf("[%s]", arguments[i]);
        for (char **variable = environ; *variable; variable++)
            printf("{%s}", *variable);
        return 0;
    }
    if (strcmp(command, "@count") == 0) {
        size_t total = 0;
        for (int i = 2; i < count; i++)
            total += strlen(arguments[i]);
        printf("%d %zu", count - 2, total);
        return 0;
    }
    if (strcmp(command, "@open") == 0)
        return fcntl(atoi(arguments[2]), F_GETFD) >= 0;
    if (strcmp(command, "@signals") == 0) {
        struct sigaction action;
        sigset_t mask, pending;
        sigaction(SIGUSR1, NULL, &action);
        bool reset = action.sa_handler == SIG_DFL;
        sigaction(SIGUSR2, NULL, &action);
        sigprocmask(SIG_BLOCK, NULL, &mask);
        sigpending(&pending);
        return reset && action.sa_handler == SIG_IGN && sigismember(&mask, SIGHUP) && sigismember(&pending, SIGHUP) ? 0 : 1;
    }
    if (strcmp(command, "@sleep") == 0) {
        usleep(500000);
        return 0;
    }
    if (strcmp(command, "@pid") == 0)
        return getpid() == atoi(arguments[2]) ? 0 : 1;
    return 2;
}

static char output[65536];

// Runs the program, its standard output going to `output`; returns the raw status.
static int run_captured(const char *path, char *const arguments[], char *const environment[])
{
    int ends[2];
    CHECK_EQUAL(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], 1);
        execve(path, arguments, environment);
        _exit(errno);
    }
    close(ends[1]);
    size_t length = 0;
    ssize_t got;
    while ((got = read(ends[0], output + length, sizeof output - 1 - length)) > 0)
        length += (size_t)got;
    output[length] = 0;
    close(ends[0]);
    return check_wait(child);
}

#define SELF ((char *)check_program)

static void exec_passes_arguments_and_environment(void)
{
    char *arguments[] = { "zero", "@echo", "a b", "", "ü", NULL }, *environment[] = { "X=1", "EMPTY=", NULL };
    CHECK_EQUAL(run_captured(SELF, arguments, environment), 0);
    CHECK(strcmp(output, "[a b][][ü]{X=1}{EMPTY=}") == 0);
    char *nothing[] = { NULL };
    CHECK_EQUAL(run_captured(SELF, arguments, nothing), 0);
    CHECK(strcmp(output, "[a b][][ü]") == 0);
}

static void exec_takes_many_arguments_and_refuses_too_many(void)
{
    static char text[1000];
    static char *arguments[1010] = { "self", "@count" };
    memset(text, 'x', sizeof text - 1);
    for (int i = 0; i < 100; i++)
        arguments[2 + i] = text;
    CHECK_EQUAL(run_captured(SELF, arguments, environ), 0);
    CHECK(strcmp(output, "100 99900") == 0);
    static char huge[200000];
    memset(huge, 'y', sizeof huge - 1);
    char *one[] = { "self", "@count", huge, NULL };
    CHECK_EQUAL(WEXITSTATUS(run_captured(SELF, one, environ)), E2BIG);
    char **many = malloc(3000002 * sizeof *many);
    for (int i = 0; i < 3000000; i++)
        many[i] = text;
    many[3000000] = NULL;
    CHECK_EQUAL(WEXITSTATUS(run_captured(SELF, many, environ)), E2BIG);
}

static void write_program(const char *path, const char *text, mode_t mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, mode);
    CHECK(fd >= 0);
    CHECK_EQUAL(write(fd, text, strlen(text)), strlen(text));
    CHECK_EQUAL(fchmod(fd, mode), 0);
    close(fd);
}

static int exec_error(const char *path)
{
    char *arguments[] = { "x", NULL };
    return WEXITSTATUS(run_captured(path, arguments, environ));
}

static void exec_refuses_what_is_no_program(void)
{
    check_enter_scratch();
    write_program("text", "just text\n", 0755);
    write_program("plain", "\177ELF", 0644);
    write_program("short", "\177ELF", 0755);
    write_program("empty", "", 0755);
    write_program("nointerpreter", "#!/missing/interpreter\n", 0755);
    write_program("blank", "#!   \n", 0755);
    CHECK_EQUAL(exec_error("text"), ENOEXEC);
    CHECK_EQUAL(exec_error("plain"), EACCES);
    CHECK_EQUAL(exec_error("short"), ENOEXEC);
    CHECK_EQUAL(exec_error("empty"), ENOEXEC);
    CHECK_EQUAL(exec_error("nointerpreter"), ENOENT);
    CHECK_EQUAL(exec_error("blank"), ENOEXEC);
    CHECK_EQUAL(exec_error("missing"), ENOENT);
    CHECK_EQUAL(exec_error("text/x"), ENOTDIR);
    CHECK_EQUAL(exec_error("."), EACCES);
    CHECK_EQUAL(exec_error("/dev/null"), EACCES);
    CHECK_ERROR(syscall(SYS_execve, 8, NULL, NULL), EFAULT);
    CHECK_ERROR(syscall(SYS_execve, SELF, 8, NULL), EFAULT);
    char *bad[] = { "x", (char *)16, NULL };
    CHECK_ERROR(syscall(SYS_execve, SELF, bad, NULL), EFAULT);
}

static void scripts_run_their_interpreter(void)
{
    check_enter_scratch();
    char text[256];
    (void)snprintf(text, sizeof text, "#!%s @echo\nwhatever\n", SELF);
    write_program("script", text, 0755);
    char *arguments[] = { "ignored", "one", NULL }, *environment[] = { NULL };
    CHECK_EQUAL(run_captured("./script", arguments, environment), 0);
    CHECK(strcmp(output, "[./script][one]") == 0);
    char here[100];
    CHECK(getcwd(here, sizeof here));
    (void)snprintf(text, sizeof text, "#! %s/script\n", here);
    write_program("outer", text, 0755);
    CHECK_EQUAL(run_captured("./outer", arguments, environment), 0);
    CHECK(strstr(output, "[./outer][one]"));
    (void)snprintf(text, sizeof text, "#!%s/loop\n", here);
    write_program("loop", text, 0755);
    CHECK_EQUAL(exec_error("./loop"), ELOOP);
}

static void exec_keeps_and_resets_what_it_must(void)
{
    int keep = open("/dev/null", O_RDONLY), drop = open("/dev/null", O_RDONLY | O_CLOEXEC);
    char kept[8], dropped[8], pid[16];
    (void)snprintf(kept, sizeof kept, "%d", keep);
    (void)snprintf(dropped, sizeof dropped, "%d", drop);
    char *see_kept[] = { "x", "@open", kept, NULL }, *see_dropped[] = { "x", "@open", dropped, NULL };
    CHECK_EQUAL(run_captured(SELF, see_kept, environ), 1 << 8);
    CHECK_EQUAL(run_captured(SELF, see_dropped, environ), 0);
    CHECK_EQUAL(fcntl(drop, F_GETFD), FD_CLOEXEC);
    pid_t child = fork();
    if (child == 0) {
        (void)snprintf(pid, sizeof pid, "%d", (int)getpid());
        execl(SELF, "x", "@pid", pid, (char *)NULL);
        _exit(3);
    }
    CHECK_EQUAL(check_wait(child), 0);
    if ((child = fork()) == 0) {
        sigset_t set;
        sigemptyset(&set);
        sigaddset(&set, SIGHUP);
        sigprocmask(SIG_BLOCK, &set, NULL);
        raise(SIGHUP);
        signal(SIGUSR1, (void (*)(int))_exit);
        signal(SIGUSR2, SIG_IGN);
        execl(SELF, "x", "@signals", (char *)NULL);
        _exit(3);
    }
    CHECK_EQUAL(check_wait(child), 0);
}

static void vfork_and_exec_leave_the_parent_whole(void)
{
    for (int i = 0; i < 20; i++) {
        volatile int canary = i;
        pid_t child = vfork();
        if (child == 0) {
            execl(SELF, "x", "@pid", "1", (char *)NULL);
            _exit(9);
        }
        CHECK_EQUAL(canary, i);
        CHECK_EQUAL(check_wait(child), 1 << 8);
    }
}

static void running_program_cannot_be_written(void)
{
    pid_t child = fork();
    if (child == 0) {
        execl(SELF, "x", "@sleep", (char *)NULL);
        _exit(3);
    }
    usleep(100000);
    CHECK_ERROR(open(SELF, O_WRONLY), ETXTBSY);
    CHECK_ERROR(open(SELF, O_RDONLY | O_TRUNC), ETXTBSY);
    CHECK_ERROR(truncate(SELF, 0), ETXTBSY);
    CHECK_EQUAL(check_wait(child), 0);
}

static void written_program_cannot_be_run(void)
{
    check_enter_scratch();
    int from = open(SELF, O_RDONLY), to = open("copy", O_WRONLY | O_CREAT, 0755);
    char block[4096];
    ssize_t got;
    while ((got = read(from, block, sizeof block)) > 0)
        CHECK_EQUAL(write(to, block, (size_t)got), got);
    char *arguments[] = { "copy", "@pid", "1", NULL };
    pid_t child = fork();
    if (child == 0) {
        close(to);
        CHECK_ERROR(execv("copy", arguments), ETXTBSY); // the parent has it open still
        _exit(5);
    }
    CHECK_EQUAL(check_wait(child), 5 << 8);
    close(to);
    child = fork();
    if (child == 0) {
        execv("copy", arguments);
        _exit(9);
    }
    CHECK_EQUAL(check_wait(child), 1 << 8);
    to = open("copy", O_WRONLY | O_TRUNC);
    CHECK(to >= 0);
}

static void auxiliary_vector_is_complete(void)
{
    CHECK_EQUAL(getauxval(AT_PAGESZ), 4096);
    CHECK(getauxval(AT_RANDOM) != 0 && getauxval(AT_PHDR) != 0 && getauxval(AT_ENTRY) != 0);
    CHECK_EQUAL(getauxval(AT_PHENT), sizeof(Elf64_Phdr));
    CHECK(getauxval(AT_PHNUM) > 0);
    CHECK_EQUAL(getauxval(AT_SECURE), 0);
    CHECK_EQUAL(getauxval(AT_UID), getuid());
    CHECK_EQUAL(getauxval(AT_EUID), geteuid());
    CHECK_EQUAL(getauxval(AT_GID), getgid());
    CHECK(getauxval(AT_CLKTCK) == 100);
    CHECK(getauxval(AT_EXECFN) && strcmp((char *)getauxval(AT_EXECFN), SELF) == 0);
    const uint64_t *random = (void *)getauxval(AT_RANDOM);
    CHECK(random[0] != 0 && random[0] != random[1]);
}

// ---- groups and sessions

static void sessions_and_groups_follow_the_rules(void)
{
    pid_t child = fork();
    if (child == 0) {
        CHECK_EQUAL(setsid(), getpid());
        CHECK_EQUAL(getpgrp(), getpid());
        CHECK_EQUAL(getsid(0), getpid());
        CHECK_ERROR(setsid(), EPERM);
        CHECK_ERROR(setpgid(0, 0), EPERM);
        pid_t inner = fork();
        if (inner == 0) {
            CHECK_EQUAL(getsid(0), getppid());
            CHECK_EQUAL(getpgrp(), getppid());
            CHECK_EQUAL(setpgid(0, 0), 0);
            CHECK_EQUAL(getpgrp(), getpid());
            CHECK_EQUAL(getsid(0), getppid());
            CHECK_EQUAL(setpgid(0, getppid()), 0);
            CHECK_ERROR(setpgid(0, 99999999), EPERM);
            _exit(0);
        }
        CHECK_EQUAL(check_wait(inner), 0);
        int fd = open("/dev/tty", O_RDWR);
        CHECK(fd == -1 && errno == ENXIO);
        _exit(0);
    }
    CHECK_EQUAL(check_wait(child), 0);
    CHECK_ERROR(setpgid(99999999, 0), ESRCH);
    CHECK_ERROR(setpgid(0, -1), EINVAL);
    CHECK_ERROR(getsid(99999999), ESRCH);
    CHECK_ERROR(getpgid(99999999), ESRCH);
    if ((child = fork()) == 0) {
        execl(SELF, "x", "@sleep", (char *)NULL);
        _exit(3);
    }
    usleep(100000);
    CHECK_ERROR(setpgid(child, child), EACCES);
    CHECK_EQUAL(check_wait(child), 0);
}

static void identities_are_consistent(void)
{
    CHECK_EQUAL(getpid(), syscall(SYS_gettid));
    pid_t self = getpid(), child = fork();
    if (child == 0) {
        CHECK_EQUAL(getppid(), self);
        CHECK(getpid() != self);
        _exit(0);
    }
    CHECK_EQUAL(check_wait(child), 0);
    CHECK_EQUAL(getuid(), 0);
    CHECK_EQUAL(geteuid(), 0);
}

static void limits_can_be_read_set_and_are_inherited(void)
{
    struct rlimit limit, old;
    CHECK_EQUAL(getrlimit(RLIMIT_STACK, &old), 0);
    CHECK(old.rlim_cur >= 1 << 20);
    limit = (struct rlimit){ 64, 128 };
    CHECK_EQUAL(syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, &limit, NULL), 0);
    CHECK_EQUAL(getrlimit(RLIMIT_NOFILE, &old), 0);
    CHECK(old.rlim_cur == 64 && old.rlim_max == 128);
    limit = (struct rlimit){ 200, 100 };
    CHECK_ERROR(setrlimit(RLIMIT_NOFILE, &limit), EINVAL);
    CHECK_ERROR(syscall(SYS_prlimit64, 0, 99, NULL, &old), EINVAL);
    CHECK_ERROR(syscall(SYS_prlimit64, 99999999, RLIMIT_NOFILE, NULL, &old), ESRCH);
    pid_t child = fork();
    if (child == 0) {
        CHECK_EQUAL(getrlimit(RLIMIT_NOFILE, &old), 0);
        CHECK_EQUAL(old.rlim_cur, 64);
        _exit(0);
    }
    CHECK_EQUAL(check_wait(child), 0);
}

static void burn(double seconds)
{
    struct timespec time;
    do
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    while ((double)time.tv_sec + (double)time.tv_nsec / 1e9 < seconds);
}

static long microseconds_used(const struct rusage *usage)
{
    return (usage->ru_utime.tv_sec + usage->ru_stime.tv_sec) * 1000000 + usage->ru_utime.tv_usec + usage->ru_stime.tv_usec;
}

static void processor_time_is_accounted(void)
{
    pid_t child = fork();
    if (child == 0) {
        burn(0.2);
        struct rusage self;
        CHECK_EQUAL(getrusage(RUSAGE_SELF, &self), 0);
        CHECK(microseconds_used(&self) >= 150000);
        _exit(0);
    }
    int status;
    struct rusage usage, children;
    CHECK_EQUAL(wait4(child, &status, 0, &usage), child);
    CHECK_EQUAL(status, 0);
    CHECK(microseconds_used(&usage) >= 150000);
    CHECK_EQUAL(getrusage(RUSAGE_CHILDREN, &children), 0);
    CHECK(microseconds_used(&children) >= 150000);
    CHECK_ERROR(getrusage(77, &usage), EINVAL);
    struct tms times_now;
    CHECK(times(&times_now) != (clock_t)-1);
    CHECK(times_now.tms_cutime + times_now.tms_cstime >= 14);
}

static void priorities_and_affinity_are_kept(void)
{
    CHECK_EQUAL(setpriority(PRIO_PROCESS, 0, 7), 0);
    CHECK_EQUAL(getpriority(PRIO_PROCESS, 0), 7);
    CHECK_ERROR(getpriority(99, 0), EINVAL);
    CHECK_ERROR(setpriority(PRIO_PROCESS, 99999999, 0), ESRCH);
    cpu_set_t set;
    CHECK_EQUAL(sched_getaffinity(0, sizeof set, &set), 0);
    CHECK(CPU_COUNT(&set) >= 1);
    CPU_ZERO(&set);
    CHECK_ERROR(sched_setaffinity(0, sizeof set, &set), EINVAL);
    CHECK_EQUAL(sched_get_priority_max(SCHED_FIFO), 99);
    CHECK_EQUAL(sched_yield(), 0);
}

static void impossible_clones_are_refused(void)
{
    CHECK_ERROR(syscall(SYS_clone, CLONE_THREAD, 0, 0, 0, 0), EINVAL);
    CHECK_ERROR(syscall(SYS_clone, CLONE_SIGHAND, 0, 0, 0, 0), EINVAL);
    CHECK_ERROR(syscall(SYS_clone, CLONE_NEWNS | CLONE_FS, 0, 0, 0, 0), EINVAL);
    long child = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
    if (child == 0)
        _exit(4);
    CHECK_EQUAL(check_wait((pid_t)child), 4 << 8);
    pid_t set = 0;
    child = syscall(SYS_clone, CLONE_PARENT_SETTID | SIGCHLD, 0, &set, 0, 0);
    if (child == 0)
        _exit(0);
    CHECK_EQUAL(set, child);
    CHECK_EQUAL(check_wait((pid_t)child), 0);
}

static const struct check_row rows[] = {
    CHECK_ROW(fork_separates_memory),
    CHECK_ROW(kernel_writes_break_sharing_too),
    CHECK_ROW(vfork_runs_the_child_first),
    CHECK_ROW(wait_status_carries_every_code),
    CHECK_ROW(hundred_children_come_and_go),
    CHECK_ROW(orphan_is_adopted),
    CHECK_ROW(deep_chain_of_forks_unwinds),
    CHECK_ROW(descriptors_are_inherited_and_shared),
    CHECK_ROW(exec_passes_arguments_and_environment),
    CHECK_ROW(exec_takes_many_arguments_and_refuses_too_many),
    CHECK_ROW(exec_refuses_what_is_no_program),
    CHECK_ROW(scripts_run_their_interpreter),
    CHECK_ROW(exec_keeps_and_resets_what_it_must),
    CHECK_ROW(vfork_and_exec_leave_the_parent_whole),
    CHECK_ROW(running_program_cannot_be_written),
    CHECK_ROW(written_program_cannot_be_run),
    CHECK_ROW(auxiliary_vector_is_complete),
    CHECK_ROW(sessions_and_groups_follow_the_rules),
    CHECK_ROW(identities_are_consistent),
    CHECK_ROW(limits_can_be_read_set_and_are_inherited),
    CHECK_ROW(processor_time_is_accounted),
    CHECK_ROW(priorities_and_affinity_are_kept),
    CHECK_ROW(impossible_clones_are_refused),
};

int main(int count, char **arguments)
{
    if (count > 1 && arguments[1][0] == '@')
        return target_main(count, arguments);
    return check_main(count, arguments, rows, sizeof rows / sizeof *rows);
}
