"""Build hook of the package: compiles the BPF objects, so that the wheel carries them and a user needs no compiler."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CustomBuildHook(BuildHookInterface):  # type: ignore[type-arg]
    """Runs `tools/build_bpf.py` before a wheel (or an editable install) is put together."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile the objects of all machines: data, no extension module, so the wheel stays py3-none-any."""
        builder = runpy.run_path(str(Path(self.root) / "tools" / "build_bpf.py"))
        try:
            builder["build"]()
        except builder["BuildError"] as error:
            self.app.abort(str(error))
