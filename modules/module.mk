# Each name in PROFILE_MODULES is a folder below modules/ or drivers/ whose module.mk lists its sources and tests.
define read_module
provides :=
sources :=
tests :=
include $(1)/module.mk
MODULE_SOURCES += $$(addprefix $(1)/,$$(sources) $$(tests))
endef
MODULE_SOURCES :=
$(foreach folder,$(PROFILE_MODULES),$(eval $(call read_module,$(folder))))
