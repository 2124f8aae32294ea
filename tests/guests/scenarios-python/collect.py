"""Collects `tests/scenarios/*/<FILE>` into modules and an `app.py` beside them: `python collect.py function.py FOLDER`."""

import re
import shutil
import sys
from pathlib import Path

SCENARIOS = Path(__file__).parents[2] / "scenarios"

APP = """from stepwell import plugin
from stepwell.function import Function

import {imports}

modules = [{imports}]
plugin(*(value for module in modules for value in vars(module).values() if isinstance(value, Function)))
"""


def collect(file: str, folder: Path) -> None:
    """Names of folders are no names of modules: each file gets one of its own."""
    names = []
    for source in sorted(SCENARIOS.glob(f"*/{file}")):
        names.append("scenario_" + re.sub(r"\W", "_", source.parent.name))
        shutil.copyfile(source, folder / f"{names[-1]}.py")
    (folder / "app.py").write_text(APP.format(imports=", ".join(names)))


collect(sys.argv[1], Path(sys.argv[2]))
