"""An inspection: imports a plugin's module as its build will, and tells what it holds and needs.

Run as `python -m stepwell.inspection MODULE`, in an environment without variables; it answers in JSON.
"""

import importlib
import json
import os
import sys
import traceback
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from types import ModuleType
from typing import Any

from . import files, registry

Reads = list[tuple[str, str, int]]


def inspect(name: str) -> dict[str, Any]:
    """The functions and imports of the module of that name, or why it cannot be imported."""
    reads: Reads = []
    _forget()
    try:
        with_reads_noted(reads, lambda: importlib.import_module(name))
        files.import_what_is_imported_later()
    except BaseException as error:
        return {"error": "".join(traceback.format_exception(_from_users(error)))}
    if "zoneinfo" in sys.modules and (problem := _without_zones()):
        return {"error": problem}
    functions = [
        {"id": member.id, "has_failure_handler": member.has_failure_handler} for member in registry.functions.values()
    ]
    modules = [module for module in list(sys.modules.values()) if _is_vendored(module)]
    return {
        "functions": functions,
        "reads": reads,
        "sources": sorted({place for module in modules for place in _top(module)}),
        "own": sorted({module.__file__ for module in modules if _is_own(module)}),
        "compiled": sorted({_top_name(module) for module in modules if _is_compiled(module)}),
    }


def _without_zones() -> str | None:
    """Imports the data of time zones, which a plugin that uses `zoneinfo` takes along; or says why it cannot."""
    try:
        importlib.import_module("tzdata")
    except ImportError:
        return f"it uses zoneinfo, and a plugin has no time zones of its own: {sys.executable} -m pip install tzdata"
    return None


def with_reads_noted(reads: Reads, then: Any) -> None:
    """Calls `then`, and notes which variables of the environment it looks for in vain, and where."""
    plain = type(os.environ)

    class Noting(plain):  # type: ignore[misc, valid-type]
        def __getitem__(self, name: str) -> str:
            try:
                value: str = super().__getitem__(name)
            except KeyError:
                if place := _reader():
                    reads.append((name, *place))
                raise
            return value

    os.environ.__class__ = Noting
    try:
        then()
    finally:
        os.environ.__class__ = plain


def _forget() -> None:
    """Forgets the packages that Python has imported by itself, so that they count only if the plugin imports them."""
    for name in list(sys.modules):
        top = name.partition(".")[0]
        if top not in sys.stdlib_module_names and top not in ("__main__", "stepwell"):
            del sys.modules[name]


def _reader() -> tuple[str, int] | None:
    """The caller that asks for the variable, if that is the plugin's own code or a package of it."""
    frame = sys._getframe(2)
    while frame.f_back and frame.f_globals.get("__name__") in ("os", "collections.abc"):
        frame = frame.f_back
    top = str(frame.f_globals.get("__name__")).partition(".")[0]
    return None if top in sys.stdlib_module_names else (frame.f_code.co_filename, frame.f_lineno)


def _from_users(error: BaseException) -> BaseException:
    """The error as it looks from the module on: how that came to be imported is no news."""
    frames, here = error.__traceback__, str(Path(__file__).parent)
    while frames and (
        frames.tb_frame.f_code.co_filename.startswith((here, "<frozen importlib"))
        or frames.tb_frame.f_code.co_filename == importlib.__file__
    ):
        frames = frames.tb_next
    return error.with_traceback(frames)


def _is_vendored(module: ModuleType) -> bool:
    top = _top_name(module)
    return top not in sys.stdlib_module_names and top not in ("__main__", "__mp_main__") and bool(_places(module))


def _is_own(module: ModuleType) -> bool:
    """Whether it is no package that was installed."""
    file = getattr(module, "__file__", None) or ""
    return file != "" and "site-packages" not in file and _top_name(module) != "stepwell"


def _is_compiled(module: ModuleType) -> bool:
    return (getattr(module, "__file__", None) or "").endswith(tuple(EXTENSION_SUFFIXES))


def _top_name(module: ModuleType) -> str:
    return module.__name__.partition(".")[0]


def _top(module: ModuleType) -> list[str]:
    """The files or folders that the module's outermost package is of."""
    return _places(sys.modules.get(_top_name(module), module))


def _places(module: ModuleType) -> list[str]:
    file = getattr(module, "__file__", None)
    if file is None:
        return list(getattr(module, "__path__", []))  # a package in several folders
    return [str(Path(file).parent) if Path(file).name == "__init__.py" else file]


def main() -> None:
    """Writes to stdout, where what the module prints is not to come."""
    answers, sys.stdout = sys.stdout, sys.stderr
    json.dump(inspect(sys.argv[1]), answers)


if __name__ == "__main__":
    main()
