# SPDX-License-Identifier: MIT
"""modules.py: the modules and drivers of the tree: one folder each, with a module.mk."""
import re

from .paths import ROOT


class Modules:
    def __init__(self, root=ROOT):
        self.root = root
        self.provides = {}          # "modules/scheduler/round_robin" -> "scheduler_policy"
        for manifest in sorted([*root.glob("modules/*/*/module.mk"), *root.glob("drivers/*/*/module.mk")]):
            found = re.search(r"^provides\s*:?=\s*(\S+)", manifest.read_text(), re.MULTILINE)
            self.provides[str(manifest.parent.relative_to(root))] = found.group(1) if found else ""

    def names(self, category):
        """Names of the folders below "modules/scheduler" and the like."""
        return [folder.rsplit("/", 1)[1] for folder in self.provides if folder.rsplit("/", 1)[0] == category]

    def short_names(self):
        """As [modules] static writes them: fs/ramfs, console/ns16550."""
        return [folder.split("/", 1)[1] for folder in self.provides]

    def folder_of(self, short_name):
        """The folder of fs/ramfs; None when there is none."""
        for top in ("modules", "drivers"):
            if f"{top}/{short_name}" in self.provides:
                return f"{top}/{short_name}"
        return None
