"""The command line: `python -m stepwell build app.py -o plugin.wasm`."""

import argparse
import sys
from pathlib import Path

from .build import BuildError, build


def main() -> int:
    """Builds, and says what was built; 1 if nothing was, 2 for a wrong command line."""
    parser = argparse.ArgumentParser("python -m stepwell", description="Tools for plugins written in Python.")
    commands = parser.add_subparsers(dest="command", required=True)
    builds = commands.add_parser("build", help="build a plugin", description="Builds a component of a Python module.")
    builds.add_argument("module", type=Path, nargs="?", default=Path("app.py"), help="app.py unless given")
    builds.add_argument("-o", "--output", type=Path, help="the component; the module's or its folder's name otherwise")
    builds.add_argument("--inputs", type=Path, help="a file that gets the paths of the plugin's own modules, as JSON")
    arguments = parser.parse_args()
    try:
        built = build(arguments.module, arguments.output or _output(arguments.module), arguments.inputs)
    except BuildError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    for warning in built.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    size = built.path.stat().st_size / 1_000_000
    print(f"{built.path} ({size:.1f} MB): {', '.join(built.functions)}", file=sys.stderr)
    return 0


def _output(module: Path) -> Path:
    name = module.stem if module.suffix == ".py" and module.stem != "app" else module.absolute().parent.name
    if module.is_dir():
        name = module.absolute().name
    return Path(f"{name}.wasm")


if __name__ == "__main__":
    sys.exit(main())
