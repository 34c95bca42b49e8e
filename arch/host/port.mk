# host: the kernel's own code as a Linux process, for unit tests. HOST_SOURCES: folders (every *.c right in them) and files
# (with the *_test.c beside them). What no test reaches is dropped by the linker, and may then lack what only hardware has.
HOST_SOURCES := lib $(sort $(shell find kernel -type d ! -path "kernel/init*")) \
	$(wildcard modules/*/*) \
	arch/common/acpi.c arch/common/asid.c arch/common/backtrace.c arch/common/counter_time_test.c \
	arch/common/space.c arch/common/space_flush.c arch/common/space_large.c arch/common/space_page.c arch/common/space_range.c arch/common/space_share.c arch/common/space_table.c \
	boot/common/boot_info.c boot/common/command_line.c boot/common/device_tree.c \
	boot/linux_image/linux_image.c boot/pvh/pvh.c boot/multiboot2/multiboot2.c

# The kernel's string functions under names of their own, beside the C library's that the sanitizers intercept.
HOST_NAMES   := memcpy memmove memset memcmp strlen strcmp strncmp strchr
HOST_CFLAGS  := -ffunction-sections -fdata-sections $(foreach name,$(HOST_NAMES),-D$(name)=helix_$(name))
HOST_LDFLAGS := -Wl,--gc-sections
