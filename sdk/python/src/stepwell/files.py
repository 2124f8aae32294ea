"""Files as a component knows them, because no file exists when it runs."""

import importlib
import linecache
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType

from . import zones

# What packages import when they are first used.
_IMPORTED_LATER = ("anyio._backends._asyncio", "anyio.to_thread")


def keep() -> None:
    """Once all is imported, at the end of a build: keeps what is read of files later."""
    # What Python itself imports when it is first used.
    import _strptime  # type: ignore[import-not-found]  # noqa: F401
    import encodings.ascii
    import encodings.idna
    import encodings.latin_1
    import encodings.utf_16
    import encodings.utf_32  # noqa: F401

    import_what_is_imported_later()
    zones.keep()
    for module in list(sys.modules.values()):
        if _is_users(module):
            _keep_lines(module.__file__ or "")
    sys.meta_path.append(_Imported())


def import_what_is_imported_later() -> None:
    """Imports what the packages that are there would import at run time, when there are no files."""
    for name in _IMPORTED_LATER:
        if name.partition(".")[0] in sys.modules:
            importlib.import_module(name)


def _is_users(module: ModuleType) -> bool:
    top = module.__name__.partition(".")[0]
    is_source = (getattr(module, "__file__", None) or "").endswith(".py")
    return is_source and top not in sys.stdlib_module_names and top not in ("stepwell", "wit_world")


def _keep_lines(file: str) -> None:
    """The lines that tracebacks show."""
    lines = linecache.getlines(file)
    # Without a time of change, which would be compared with the file's.
    linecache.cache[file] = (sum(map(len, lines)), None, lines, file)


class _Imported:
    """Asked last of all, for a module that nobody has: all there are were imported when the plugin was built."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        raise ModuleNotFoundError(
            f'module "{name}" was not imported when the plugin was built: import it at the top of a module', name=name
        )
