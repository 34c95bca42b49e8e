# Makefile: builds one kernel image out of tree, in build/<arch>-<profile>/. People type ./helix; it calls this.
#
#   make ARCH=x86_64 PROFILE=default [TESTS=1] [V=1]
#
# Every folder's *.c and *.S are built; modules and drivers only when the profile names them. Files ending in _test.c
# are built with TESTS=1 only. Each layer sees only the include paths it may use (abi < lib < arch < …; docs/architecture.md).
ARCH    ?= x86_64
PROFILE ?= default
TESTS   ?= 0
BUILD   ?= build/$(ARCH)-$(PROFILE)$(if $(filter 1,$(TESTS)),-test)

CC      := clang-19
LD      := ld.lld-19
OBJCOPY := llvm-objcopy-19
NM      := llvm-nm-19
PYTHON  ?= python3
Q       := $(if $(V),,@)

all: image

# The profile: what to build in, and the constants of <generated/profile.h>.
PROFILE_FILE := profiles/$(PROFILE)/helix.toml
include $(BUILD)/profile.mk
$(BUILD)/profile.mk: $(PROFILE_FILE) tools/profile.py $(wildcard tools/helix/profile*.py)
	@mkdir -p $(BUILD)/include/generated/generated
	$(Q)$(PYTHON) -B tools/profile.py --profile $(PROFILE_FILE) --arch $(ARCH) --make $@ --header $(BUILD)/include/generated/generated/profile.h

include arch/$(ARCH)/port.mk
include modules/module.mk

CFLAGS := -std=gnu23 -ffreestanding -nostdlibinc -g -fno-omit-frame-pointer -fno-strict-aliasing -fvisibility=hidden -fno-common \
	-ffunction-sections -fdata-sections -fwrapv -fno-delete-null-pointer-checks -ftrivial-auto-var-init=zero \
	-Wall -Wextra -Werror -Wthread-safety -Wmissing-prototypes -Wstrict-prototypes -Wvla -Wshadow -Wno-unused-parameter \
	-include lib/visibility.h $(PORT_CFLAGS) $(PROFILE_CFLAGS)
ifeq ($(TESTS),1)
CFLAGS += -DHELIX_TESTS
else ifneq ($(PROFILE_LTO),)
LTO := -flto
endif

# Include paths by layer; tests may see what the kernel sees.
BASE     := -I$(BUILD)/include/base
INC_lib  := $(BASE)
INC_arch := $(BASE) -Iarch/include -Iarch/$(ARCH)/include -Iinclude -I$(BUILD)/include/generated
INC_boot := $(INC_arch)
INC_kernel := $(INC_arch)
INC_modules := $(INC_arch)
INC_drivers := $(INC_arch)

sources_in = $(shell find $(1) -name '*.c' -o -name '*.S' 2>/dev/null | sort)
FOLDERS := lib arch/$(ARCH) $(addprefix boot/,$(PORT_BOOT)) boot/common kernel
COMMON  := $(foreach name,$(PORT_COMMON),arch/common/$(name).c $(wildcard arch/common/$(name)_test.c))
SOURCES := $(call sources_in,$(wildcard $(FOLDERS))) $(COMMON) $(MODULE_SOURCES)
ifneq ($(TESTS),1)
SOURCES := $(filter-out %_test.c,$(SOURCES))
endif
OBJECTS := $(patsubst %,$(BUILD)/%.o,$(SOURCES))

layer = $(firstword $(subst /, ,$(1)))
$(BUILD)/include/base/.made:
	@mkdir -p $(@D)
	@ln -sfn $(CURDIR)/abi $(@D)/abi
	@ln -sfn $(CURDIR)/lib $(@D)/lib
	@touch $@

$(BUILD)/%.c.o: %.c $(BUILD)/profile.mk $(BUILD)/include/base/.made Makefile arch/$(ARCH)/port.mk
	@mkdir -p $(@D)
	@echo "  CC  $<"
	$(Q)$(CC) $(CFLAGS) $(LTO) $(if $(filter %_test.c,$<),$(INC_arch),$(INC_$(call layer,$<))) -MMD -MP -c $< -o $@

$(BUILD)/%.S.o: %.S $(BUILD)/profile.mk $(BUILD)/include/base/.made Makefile arch/$(ARCH)/port.mk
	@mkdir -p $(@D)
	@echo "  AS  $<"
	$(Q)$(CC) $(PORT_CFLAGS) $(INC_arch) -MMD -MP -c $< -o $@

# Linked twice: the second time with the table of function names made from the first (symbolised backtraces).
# [debug] symbols = false leaves the table out.
LDFLAGS := $(PORT_LDFLAGS) -pie --no-dynamic-linker -z text -z max-page-size=4096 -z noexecstack --apply-dynamic-relocs --build-id=none \
	--gc-sections -T $(BUILD)/kernel.ld

# Link-time optimisation is done once: what comes out of it is linked like any other object. (Images with tests do without: they are
# built more often than they run.) Not in it is the table of names, for the code around must come out the same whether it is there yet or not.
ifdef LTO
NOT_LTO := $(BUILD)/kernel/core/symbol_image.c.o
$(NOT_LTO): LTO :=
LINKED  := $(filter %.S.o $(NOT_LTO),$(OBJECTS)) $(BUILD)/lto.o
$(BUILD)/lto.o: $(OBJECTS) $(BUILD)/objects $(BUILD)/kernel.ld
	@echo "  LTO $@"
	$(Q)$(LD) $(LDFLAGS) --lto-obj-path=$@ -o $(BUILD)/lto.elf $(OBJECTS)
else
LINKED := $(OBJECTS)
endif

# Which files go in; newer than the image only when that has changed.
$(shell mkdir -p $(BUILD); echo '$(OBJECTS)' | cmp -s - $(BUILD)/objects || echo '$(OBJECTS)' > $(BUILD)/objects)

$(BUILD)/kernel.ld: arch/common/kernel.ld arch/$(ARCH)/image.h
	@mkdir -p $(@D)
	$(Q)$(CC) -E -P -x c -include arch/$(ARCH)/image.h $< -o $@

$(BUILD)/helix.debug.elf: $(LINKED) $(BUILD)/objects $(BUILD)/kernel.ld tools/symbols.py
	@echo "  LD  $@"
	$(Q)$(LD) $(LDFLAGS) -o $(BUILD)/stage1.elf $(LINKED)
	$(Q)$(NM) -n --defined-only $(BUILD)/stage1.elf | $(PYTHON) -B tools/symbols.py > $(BUILD)/symbols.S
	$(Q)$(CC) $(PORT_CFLAGS) -c $(BUILD)/symbols.S -o $(BUILD)/symbols.o
	$(Q)$(LD) $(LDFLAGS) -o $@ $(LINKED) $(if $(PROFILE_SYMBOLS),$(BUILD)/symbols.o)

$(BUILD)/helix.elf: $(BUILD)/helix.debug.elf
	$(Q)$(if $(PROFILE_STRIP),$(OBJCOPY) --strip-all $< $@,cp $< $@)

# What loaders want that read no ELF.
$(BUILD)/helix.image: $(BUILD)/helix.elf
	$(Q)$(OBJCOPY) -O binary $< $@

image: $(BUILD)/helix.elf $(if $(PORT_FLAT),$(BUILD)/helix.image)

# The shortest paths of the kernel call nothing but at their ends: they need no frame of their own.
$(BUILD)/kernel/memory/heap/heap.c.o: CFLAGS += -momit-leaf-frame-pointer

clean:
	rm -rf build

-include $(OBJECTS:.o=.d)
.PHONY: all image clean
