// SPDX-License-Identifier: MIT
// system.c: the machine as a whole: its name, its memory, its randomness, its end.

#include <generated/profile.h>

#include <arch/machine.h>
#include <arch/user.h>

#include <lib/format.h>
#include <lib/string.h>

#include <helix/cpu.h>
#include <helix/frames.h>
#include <helix/heap.h>
#include <helix/log.h>
#include <helix/orchestrator.h>
#include <helix/random.h>

#include "calls.h"

enum { NAME_FIELD = 65 };

static char host_name[NAME_FIELD] = "helix";

struct linux_utsname {
    char system[NAME_FIELD], node[NAME_FIELD], release[NAME_FIELD], version[NAME_FIELD], machine[NAME_FIELD], domain[NAME_FIELD];
};

// Static C libraries refuse to start on a release they think too old, so the release names the Linux ABI that is followed and the
// version says who follows it.
const char *system_release(void)
{
    static char release[NAME_FIELD];
    if (!release[0])
        format_text(release, sizeof release, "6.1.0-helix%u.%u.%u", kernel_version.major, kernel_version.minor, kernel_version.patch);
    return release;
}

const char *system_host_name(void)
{
    return host_name;
}

int64_t sys_uname(struct thread *self, const struct syscall_arguments *arguments)
{
    struct linux_utsname name = {};
    string_copy(name.system, "Helix", NAME_FIELD);
    string_copy(name.node, host_name, NAME_FIELD);
    string_copy(name.release, system_release(), NAME_FIELD);
    format_text(name.version, NAME_FIELD, "%u.%u.%u-%s (%s profile)", kernel_version.major, kernel_version.minor, kernel_version.patch,
                kernel_version.suffix, PROFILE_NAME);
    string_copy(name.machine, arch_name(), NAME_FIELD);
    string_copy(name.domain, "(none)", NAME_FIELD);
    return syscall_result(arch_copy_to_user(arguments->value[0], &name, sizeof name));
}

int64_t sys_sethostname(struct thread *self, const struct syscall_arguments *arguments)
{
    char name[NAME_FIELD] = {};
    if (user_process(self)->effective_user)
        return syscall_result(STATUS_NOT_PERMITTED);
    if (arguments->value[1] >= NAME_FIELD)
        return syscall_result(STATUS_BAD_ARGUMENT);
    if (arch_copy_from_user(name, arguments->value[0], arguments->value[1]) != STATUS_OK)
        return syscall_result(STATUS_BAD_ADDRESS);
    memcpy(host_name, name, sizeof name);
    return 0;
}

struct linux_sysinfo {
    int64_t uptime;
    uint64_t loads[3], total, free, shared, buffer, total_swap, free_swap;
    uint16_t processes, padding;
    uint64_t total_high, free_high;
    uint32_t unit;
};
static_assert(sizeof(struct linux_sysinfo) == 112);

int64_t sys_sysinfo(struct thread *self, const struct syscall_arguments *arguments)
{
    struct frame_statistics frames;
    frames_statistics(&frames);
    struct linux_sysinfo info = {
        .uptime = (int64_t)(time_ns() / NS_PER_S),
        .total = frames.total * PAGE_SIZE,
        .free = frames.free * PAGE_SIZE,
        .processes = (uint16_t)process_count(),
        .unit = 1,
    };
    load_averages(info.loads);
    return syscall_result(arch_copy_to_user(arguments->value[0], &info, sizeof info));
}

int64_t sys_getrandom(struct thread *self, const struct syscall_arguments *arguments)
{
    enum : uint64_t { KNOWN_FLAGS = 7, CHUNK = 256, LARGEST = 32 * MIB - 1 };
    if (arguments->value[2] & ~KNOWN_FLAGS)
        return syscall_result(STATUS_BAD_ARGUMENT);
    uint64_t size = MIN(arguments->value[1], LARGEST), done = 0;
    while (done < size) {
        uint8_t bytes[CHUNK];
        uint64_t now = MIN(size - done, CHUNK);
        random_bytes(bytes, now);
        if (arch_copy_to_user(arguments->value[0] + done, bytes, now) != STATUS_OK)
            return done ? (int64_t)done : syscall_result(STATUS_BAD_ADDRESS);
        done += now;
        if (thread_interrupted())
            break;
    }
    return (int64_t)done;
}

int64_t sys_getcpu(struct thread *self, const struct syscall_arguments *arguments)
{
    uint32_t cpu = self->cpu, node = 0;
    enum status outcome = STATUS_OK;
    if (arguments->value[0])
        outcome = arch_copy_to_user(arguments->value[0], &cpu, sizeof cpu);
    if (outcome == STATUS_OK && arguments->value[1])
        outcome = arch_copy_to_user(arguments->value[1], &node, sizeof node);
    return syscall_result(outcome);
}

int64_t sys_reboot(struct thread *self, const struct syscall_arguments *arguments)
{
    enum : uint32_t { MAGIC1 = 0xfee1dead, MAGIC2 = 672274793, MAGIC2A = 85072278, MAGIC2B = 369367448, MAGIC2C = 537993216 };
    enum : uint32_t { RESTART = 0x01234567, HALT = 0xcdef0123, POWER_OFF = 0x4321fedc, CAD_ON = 0x89abcdef, CAD_OFF = 0 };
    uint32_t magic2 = (uint32_t)arguments->value[1];
    if (user_process(self)->effective_user)
        return syscall_result(STATUS_NOT_PERMITTED);
    if ((uint32_t)arguments->value[0] != MAGIC1 || (magic2 != MAGIC2 && magic2 != MAGIC2A && magic2 != MAGIC2B && magic2 != MAGIC2C))
        return syscall_result(STATUS_BAD_ARGUMENT);
    switch ((uint32_t)arguments->value[2]) {
    case RESTART:
        lifecycle_shutdown(SHUTDOWN_REBOOT);
    case HALT:
    case POWER_OFF:
        lifecycle_shutdown(SHUTDOWN_POWER_OFF);
    default:
        return syscall_result(STATUS_BAD_ARGUMENT);
    }
}

int64_t sys_prctl(struct thread *self, const struct syscall_arguments *arguments)
{
    enum { SET_NAME = 15, GET_NAME = 16, NAME_SIZE = 16 };
    char name[NAME_SIZE] = {};
    size_t length;
    enum status outcome;
    switch ((int32_t)arguments->value[0]) {
    case SET_NAME:
        outcome = arch_copy_string_from_user(name, arguments->value[1], NAME_SIZE, &length);
        name[NAME_SIZE - 1] = '\0';
        if (outcome == STATUS_OK || outcome == STATUS_TOO_LONG)
            string_copy(self->name, name, sizeof self->name);
        return outcome == STATUS_TOO_LONG ? 0 : syscall_result(outcome);
    case GET_NAME:
        memcpy(name, self->name, NAME_SIZE - 1);
        return syscall_result(arch_copy_to_user(arguments->value[1], name, NAME_SIZE));
    default:
        return syscall_result(STATUS_BAD_ARGUMENT);
    }
}

// ---- the kernel log (klogctl) ----

static int64_t log_copy(uint64_t at, uint64_t size)
{
    enum : size_t { CHUNK = 4096 };
    char *chunk = heap_alloc(CHUNK);
    if (!chunk)
        return syscall_result(STATUS_NO_MEMORY);
    uint64_t position = 0, lost, done = 0;
    enum status outcome = STATUS_OK;
    while (done < size && outcome == STATUS_OK) {
        size_t now = log_read(&position, chunk, MIN(size - done, CHUNK), &lost);
        if (!now)
            break;
        outcome = arch_copy_to_user(at + done, chunk, now);
        done += now;
    }
    heap_free(chunk);
    return outcome == STATUS_OK ? (int64_t)done : syscall_result(outcome);
}

int64_t sys_syslog(struct thread *self, const struct syscall_arguments *arguments)
{
    enum { CLOSE, OPEN, READ, READ_ALL, READ_CLEAR, CLEAR, CONSOLE_OFF, CONSOLE_ON, CONSOLE_LEVEL, SIZE_UNREAD, SIZE_BUFFER };
    enum { BUFFER = 64 * 1024 };
    switch ((int32_t)arguments->value[0]) {
    case CLOSE:
    case OPEN:
        return 0;
    case READ_ALL:
        if ((int32_t)arguments->value[2] < 0)
            return syscall_result(STATUS_BAD_ARGUMENT);
        return log_copy(arguments->value[1], (uint32_t)arguments->value[2]);
    case SIZE_BUFFER:
        return BUFFER;
    default:
        return syscall_result((uint32_t)arguments->value[0] > SIZE_BUFFER ? STATUS_BAD_ARGUMENT : STATUS_UNSUPPORTED);
    }
}
