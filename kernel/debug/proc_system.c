// SPDX-License-Identifier: MIT
// proc_system.c: /proc/version, cmdline, devices, partitions, swaps, interrupts and /proc/sys.
#include <lib/format.h>
#include <lib/string.h>

#include <arch/interrupt.h>
#include <generated/profile.h>

#include <helix/boot_info.h>
#include <helix/cpu.h>
#include <helix/interrupt.h>
#include <helix/ipi.h>
#include <helix/orchestrator.h>
#include <helix/random.h>
#include <helix/user.h>
#include <helix/vfs.h>

// As uname(2) has it.
static void write_version(struct text_writer *out)
{
    text_write(out, "%u.%u.%u-%s (%s profile)\n", kernel_version.major, kernel_version.minor, kernel_version.patch, kernel_version.suffix,
               PROFILE_NAME);
}

static void show_version(struct text_writer *out)
{
    text_write(out, "Helix version %s (%s) ", system_release(), __VERSION__);
    write_version(out);
}
PROC_FILE(version, "version", show_version);

static void show_cmdline(struct text_writer *out)
{
    text_write(out, "%s\n", boot_info()->command_line);
}
PROC_FILE(cmdline, "cmdline", show_cmdline);

// ---- devices ----

struct major_list {
    struct text_writer *out;
    uint64_t seen[4]; // bit per major number
};

static void show_major(void *context, const struct device_file *device)
{
    struct major_list *list = context;
    uint64_t major = device->number >> 8 & 0xff;
    if (list->seen[major / 64] >> major % 64 & 1)
        return;
    list->seen[major / 64] |= 1ull << major % 64;
    text_write(list->out, "%3lu %s\n", major, device->name);
}

static void show_devices(struct text_writer *out)
{
    struct major_list list = { .out = out };
    text_write(out, "Character devices:\n");
    device_file_each(show_major, &list);
    text_write(out, "\nBlock devices:\n");
}
PROC_FILE(devices, "devices", show_devices);

static void show_partitions(struct text_writer *out)
{
    text_write(out, "major minor  #blocks  name\n\n");
}
PROC_FILE(partitions, "partitions", show_partitions);

static void show_swaps(struct text_writer *out)
{
    text_write(out, "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n");
}
PROC_FILE(swaps, "swaps", show_swaps);

static void show_interrupts(struct text_writer *out)
{
    text_write(out, "      %10s\n", cpu_count() == 1 ? "CPU0" : "all CPUs");
    for (uint32_t vector = 0; vector < ARCH_VECTORS; vector++) {
        const char *name = interrupt_name(vector);
        uint64_t count = interrupt_count(vector);
        if (name || count)
            text_write(out, "%4u: %10lu   %s   %s\n", vector, count, arch_interrupt_controller_name(), name ? name : "-");
    }
    uint64_t between = 0;
    for (uint32_t cpu = 0; cpu < cpu_count(); cpu++)
        between += ipi_count(cpu);
    text_write(out, " IPI: %10lu   %s   between CPUs\n", between, arch_interrupt_controller_name());
}
PROC_FILE(interrupts, "interrupts", show_interrupts);

// ---- sys ----

static void show_host_name(struct text_writer *out)
{
    text_write(out, "%s\n", system_host_name());
}
PROC_FILE(sys_hostname, "sys/kernel/hostname", show_host_name);

static void show_os_type(struct text_writer *out)
{
    text_write(out, "Helix\n");
}
PROC_FILE(sys_ostype, "sys/kernel/ostype", show_os_type);

static void show_os_release(struct text_writer *out)
{
    text_write(out, "%s\n", system_release());
}
PROC_FILE(sys_osrelease, "sys/kernel/osrelease", show_os_release);

static void show_os_version(struct text_writer *out)
{
    write_version(out);
}
PROC_FILE(sys_version, "sys/kernel/version", show_os_version);

// Ids begin anew after 2^30 (thread_table.c).
static void show_pid_max(struct text_writer *out)
{
    text_write(out, "%llu\n", 1ull << 30);
}
PROC_FILE(sys_pid_max, "sys/kernel/pid_max", show_pid_max);

// 0: a single request larger than memory is refused, others are granted.
static void show_overcommit(struct text_writer *out)
{
    text_write(out, "0\n");
}
PROC_FILE(sys_overcommit, "sys/vm/overcommit_memory", show_overcommit);

// ---- random ----

enum { RANDOM_BITS = 256, UUID_BYTES = 16 };

static void uuid_make(uint8_t uuid[UUID_BYTES])
{
    random_bytes(uuid, UUID_BYTES);
    uuid[6] = (uint8_t)((uuid[6] & 0x0f) | 0x40); // version 4, random
    uuid[8] = (uint8_t)((uuid[8] & 0x3f) | 0x80);
}

static void uuid_write(struct text_writer *out, const uint8_t uuid[UUID_BYTES])
{
    for (int i = 0; i < UUID_BYTES; i++)
        text_write(out, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", uuid[i]);
    text_write(out, "\n");
}

static void show_uuid(struct text_writer *out)
{
    uint8_t uuid[UUID_BYTES];
    uuid_make(uuid);
    uuid_write(out, uuid);
}
PROC_FILE(sys_uuid, "sys/kernel/random/uuid", show_uuid);

static void show_boot_id(struct text_writer *out)
{
    static struct mutex lock = MUTEX(lock, RANK_FILES);
    static uint8_t uuid[UUID_BYTES];
    static bool made;
    mutex_acquire(&lock);
    if (!made)
        uuid_make(uuid);
    made = true;
    mutex_release(&lock);
    uuid_write(out, uuid);
}
PROC_FILE(sys_boot_id, "sys/kernel/random/boot_id", show_boot_id);

static void show_pool_size(struct text_writer *out)
{
    text_write(out, "%d\n", RANDOM_BITS);
}
PROC_FILE(sys_pool_size, "sys/kernel/random/poolsize", show_pool_size);
PROC_FILE(sys_entropy, "sys/kernel/random/entropy_avail", show_pool_size);
