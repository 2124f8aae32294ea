"""Building: from a module that calls `plugin(…)` to a component."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import hints

_PACKAGE = Path(__file__).parent
_ENTRY = "stepwell_plugin"
# The SDK first: what it mends of asyncio is to be so for a module that imports it by name.
_ENTRY_TEXT = """from stepwell import clients, files, rehearsal

clients.install()
import {module}
from stepwell.component import FailureHandler, Functions

files.keep()
rehearsal.play()
"""
_TOOL = "componentize-py"
# What a folder of sources holds that is no source; components are for one kind of machine, and compiled code is not.
_LEFT_OUT = ("__pycache__", "*.so", "*.pyd", "*.dylib", "*.wasm", ".*")
# Of the SDK itself: what is for builds and for tests.
_LEFT_OUT_OF_SDK = ("wit", "testing", "build.py", "hints.py", "inspection.py", "__main__.py")


class BuildError(Exception):
    """Why there is no component."""


@dataclass(frozen=True)
class Built:
    """A component."""

    path: Path
    functions: list[str]
    warnings: list[str]


def build(source: Path, output: Path, inputs: Path | None = None) -> Built:
    """Builds the plugin that a module makes; its packages are those of the environment that this runs in.

    `inputs` gets the paths of the plugin's own modules, as a JSON array.
    """
    root, module = _module(source)
    inspected = _inspect(root, module)
    if inputs:
        inputs.write_text(json.dumps(inspected["own"]))
    tool = _tool()
    with tempfile.TemporaryDirectory(prefix="stepwell-build-") as scratch:
        sources = Path(scratch, "sources")
        _gather(sources, inspected["sources"])
        Path(sources, f"{_ENTRY}.py").write_text(_ENTRY_TEXT.format(module=module))
        component = Path(scratch, "plugin.wasm")
        _componentize(tool, sources, component, Path(scratch), inspected["compiled"])
        _put(component, output)
    return Built(output, [function["id"] for function in inspected["functions"]], _warnings(inspected, root))


def _module(source: Path) -> tuple[Path, str]:
    """Where modules are looked for, and the module's name there."""
    file = (source / "app.py" if source.is_dir() else source).absolute()
    if not file.is_file():
        raise BuildError(f"failed to find {file}")
    if file.suffix != ".py":
        raise BuildError(f"failed to build {file}: it is no Python module")
    root, names = file.parent, [file.stem]
    while Path(root, "__init__.py").exists():
        names.insert(0, root.name)
        root = root.parent
    if not all(name.isidentifier() for name in names):
        raise BuildError(f'failed to build {file}: "{".".join(names)}" is no name that Python can import')
    return root, ".".join(names)


def _tool() -> Path:
    """componentize-py: that of this environment, or else of the machine."""
    beside = shutil.which(_TOOL, path=str(Path(sys.executable).parent))
    if found := beside or shutil.which(_TOOL):
        return Path(found)
    raise BuildError(f'failed to find {_TOOL}: install it with `{sys.executable} -m pip install "stepwell[build]"`')


def _inspect(root: Path, module: str) -> dict[str, Any]:
    """The functions and imports of the module. It is imported without variables: those are granted when a plugin runs."""
    searched = [str(_PACKAGE.parent), str(root), *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    # Without SYSTEMROOT Windows starts no Python.
    variables = {name: os.environ[name] for name in ["SYSTEMROOT"] if name in os.environ}
    inspection = subprocess.run(
        [sys.executable, "-P", "-B", "-m", "stepwell.inspection", module],
        env=variables | {"PYTHONPATH": os.pathsep.join(searched)},
        stdout=subprocess.PIPE,
        text=True,
    )
    if inspection.returncode != 0:
        raise BuildError(f"failed to import {module}: Python ended with {inspection.returncode}")
    inspected: dict[str, Any] = json.loads(inspection.stdout)
    if problem := inspected.get("error"):
        raise BuildError(f"failed to import {module}:\n{problem.rstrip()}{hints.of_import(problem)}")
    if not inspected["functions"]:
        raise BuildError(f"{module} makes no plugin: end it with `plugin(…)`, called with your functions")
    return inspected


def _gather(sources: Path, places: list[str]) -> None:
    """Copies the plugin's module, the SDK and the packages that are imported, and nothing else, to one folder."""
    sources.mkdir()
    for place in map(Path, places):
        if place.is_dir():
            left_out = _LEFT_OUT + (_LEFT_OUT_OF_SDK if place == _PACKAGE else ())
            shutil.copytree(place, sources / place.name, ignore=shutil.ignore_patterns(*left_out), dirs_exist_ok=True)
        elif place.suffix == ".py":
            shutil.copy(place, sources / place.name)


def _componentize(tool: Path, sources: Path, component: Path, scratch: Path, compiled: list[str]) -> None:
    # It would add all packages that it can find, and what variables there are; it finds an environment without any.
    Path(scratch, "empty/lib/site-packages").mkdir(parents=True)
    contract = ["--wit-path", str(_PACKAGE / "wit"), "--world", "guest"]
    command = [str(tool), *contract, "componentize", _ENTRY, "--python-path", str(sources), "--output", str(component)]
    variables = {name: os.environ[name] for name in ["SYSTEMROOT", "TMPDIR", "TEMP"] if name in os.environ}
    made = subprocess.run(
        command, env=variables | {"VIRTUAL_ENV": str(scratch / "empty")}, capture_output=True, text=True
    )
    if made.returncode == 0:
        return
    # What it says of its own code comes before the plugin's traceback, and the error a second time behind.
    said = (made.stderr or made.stdout).rpartition("AssertionError: ")[2].partition("\nCaused by:")[0].strip()
    raise BuildError(f"{_TOOL} failed:\n{said}{hints.of_component(said, compiled)}")


def _put(component: Path, output: Path) -> None:
    """Writes the file in one go, so that a watcher of the output never sees half of it."""
    output.parent.mkdir(parents=True, exist_ok=True)
    partial = output.with_name(f".{output.name}.partial")
    shutil.copyfile(component, partial)
    partial.replace(output)


def _warnings(inspected: dict[str, Any], root: Path) -> list[str]:
    return [
        f"{os.path.relpath(file, root) if file.startswith(str(root)) else file}:{line} reads the variable {name} when "
        "the plugin is built, and there is none then: read it inside a function"
        for name, file, line in inspected["reads"]
    ]
