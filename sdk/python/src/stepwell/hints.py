"""Advice on a build that failed, by its message."""

import re
import sys
from collections.abc import Iterable

_MISSING = re.compile(r"No module named '([\w.]+)'")
_RULES = (
    ("can't start new thread", "a plugin has no threads: do the work in a step, or at the place where it is needed"),
    ("a plugin has no sockets", "a plugin is built without a network: make connections inside a step"),
    (
        "FileNotFoundError",
        "a plugin has no files: put what it reads into a module, such as a text or bytes in a .py file",
    ),
    ("MemoryError", "the module needs more memory than a plugin may have while it is imported: do that work in a step"),
)


def of_import(said: str) -> str:
    """The hint for a module that cannot be imported on the machine that builds."""
    missing = _MISSING.search(said)
    if missing is None:
        return ""
    package = missing[1].partition(".")[0]
    return f"\n{package} is not installed: {sys.executable} -m pip install {package}, if its package has that name"


def of_component(said: str, compiled: Iterable[str]) -> str:
    """The hint for a module that can be imported there, but not in a component."""
    return "".join(f"\n{hint}" for hint in _hints(said, list(compiled)))


def _hints(said: str, compiled: list[str]) -> Iterable[str]:
    missing = _MISSING.search(said)
    top = missing[1].partition(".")[0] if missing else ""
    if compiled and (not missing or top in compiled):
        yield (
            f"{', '.join(compiled)}: compiled for this machine, which a plugin cannot run. Take a package in pure "
            "Python, or ask a service by ctx.step.fetch"
        )
    if missing and top in sys.stdlib_module_names:
        yield (
            f"the Python of a plugin has no {missing[1]}: leave out what imports it, which the lines above name, or "
            "import it in tests only"
        )
    yield from (hint for words, hint in _RULES if words in said)
