# unit.mk: the kernel's own code as a Linux program: every test row that needs no machine, under ASan and UBSan.
#
#   make -f tests/unit.mk [PROFILE=default] [SANITIZE=thread] [headers] [V=1]
#
# With SANITIZE=thread under ThreadSanitizer instead, in a folder of its own: for the rows that run on several POSIX threads
# (`unit on_many_cpus`); it does not follow the contexts that kernel threads switch between.
#
# arch/host/port.mk says what goes in: HOST_SOURCES (files or folders; their *_test.c come along), HOST_CFLAGS, HOST_LDFLAGS.
# `flags` prints these, for the fuzz targets.
comma   := ,
PROFILE ?= default
SANITIZE ?= address,undefined
BUILD   ?= build/host-$(PROFILE)$(if $(filter thread,$(SANITIZE)),-thread)
CC      := clang-19
PYTHON  ?= python3
Q       := $(if $(V),,@)

all: $(BUILD)/unit

PROFILE_FILE := profiles/$(PROFILE)/helix.toml
include $(BUILD)/profile.mk
$(BUILD)/profile.mk: $(PROFILE_FILE) tools/profile.py $(wildcard tools/helix/profile*.py)
	@mkdir -p $(BUILD)/include/generated/generated
	$(Q)$(PYTHON) -B tools/profile.py --profile $(PROFILE_FILE) --arch x86_64 --make $@ --header $(BUILD)/include/generated/generated/profile.h

HOST_SOURCES :=
HOST_CFLAGS  :=
HOST_LDFLAGS :=
-include arch/host/port.mk

CFLAGS := -std=gnu23 -g -O1 -fno-omit-frame-pointer -fno-strict-aliasing -fwrapv -fno-common \
	-fsanitize=$(SANITIZE) $(if $(filter thread,$(SANITIZE)),,-fno-sanitize-recover=undefined -fno-sanitize=function) \
	-Wall -Wextra -Werror -Wthread-safety -Wno-unused-parameter -Wno-unused-function \
	-DHELIX_TESTS -DHELIX_HOST \
	-I$(BUILD)/include/base -Iarch/include -Iarch/host/include -Iinclude -I$(BUILD)/include/generated $(HOST_CFLAGS)

# arch/host/workers.c stands before these.
WRAPPED := $(addprefix -Wl$(comma)--wrap=,thread_block thread_block_uninterruptible frames_user_allowed frame_retain)

# A folder stands for the *.c right in it; a file brings the *_test.c beside it.
listed  := $(foreach item,$(HOST_SOURCES),$(if $(filter %.c,$(item)),$(item) $(wildcard $(item:.c=_test.c)),$(wildcard $(item)/*.c)))
SOURCES := $(sort $(listed) $(wildcard arch/host/*.c))
OBJECTS := $(patsubst %,$(BUILD)/%.o,$(SOURCES))

headers: $(BUILD)/include/base/.made

flags:
	@echo '$(HOST_CFLAGS) $(HOST_LDFLAGS)'

$(BUILD)/include/base/.made:
	@mkdir -p $(@D)
	@ln -sfn $(CURDIR)/abi $(@D)/abi
	@ln -sfn $(CURDIR)/lib $(@D)/lib
	@touch $@

$(BUILD)/%.c.o: %.c $(BUILD)/profile.mk $(BUILD)/include/base/.made tests/unit.mk $(wildcard arch/host/port.mk)
	@mkdir -p $(@D)
	@echo "  CC  $<"
	$(Q)$(CC) $(CFLAGS) -MMD -MP -c $< -o $@

$(BUILD)/unit: $(OBJECTS)
	@echo "  LD  $@"
	$(Q)$(CC) -fsanitize=$(SANITIZE) -fuse-ld=lld-19 $(HOST_LDFLAGS) $(WRAPPED) -o $@ $(OBJECTS) -lpthread

# unit-tlsf and so on: on another frame allocator. Only the file that asks the profile for its name is compiled again.
FRAMES_SLOT := kernel/memory/frames/database.c
$(BUILD)/unit-%: $(BUILD)/unit $(FRAMES_SLOT)
	@grep -q PROFILE_FRAMES_MODULE $(FRAMES_SLOT)
	@sed 's/PROFILE_FRAMES_MODULE/"$*"/' $(FRAMES_SLOT) >$@.c
	@$(MAKE) -s -f tests/unit.mk PROFILE=$(PROFILE) SANITIZE=$(SANITIZE) BUILD=$(BUILD) mutant OF=$(FRAMES_SLOT) SOURCE=$@.c OUTPUT=$@

# One source taken from elsewhere, and the program with it instead of its original: OF=kernel/x.c SOURCE=elsewhere/x.c OUTPUT=program.
mutant:
	$(Q)$(CC) $(CFLAGS) -Wno-error -iquote $(dir $(OF)) -c $(SOURCE) -o $(OUTPUT).o
	$(Q)$(CC) -fsanitize=$(SANITIZE) -fuse-ld=lld-19 $(HOST_LDFLAGS) $(WRAPPED) -o $(OUTPUT) $(filter-out $(BUILD)/$(OF).o,$(OBJECTS)) $(OUTPUT).o -lpthread

-include $(OBJECTS:.o=.d)
.PHONY: all headers flags mutant
