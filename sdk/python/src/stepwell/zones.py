"""Time zones by names that are known only at run time, when there are no files: the build reads them all."""

import io
import sys
from importlib import resources
from typing import BinaryIO


def keep() -> None:
    """Keeps the data of all zones if the plugin uses `zoneinfo`."""
    if "zoneinfo" not in sys.modules:
        return
    import zoneinfo
    from zoneinfo import _common

    names = resources.files("tzdata").joinpath("zones").read_text().split()
    data = {name: _file(name).read_bytes() for name in names}

    def load(key: str) -> BinaryIO:
        try:
            return io.BytesIO(data[key])
        except KeyError:
            raise zoneinfo.ZoneInfoNotFoundError(f"No time zone found with key {key}") from None

    _common.load_tzdata = load  # type: ignore[assignment]


def _file(name: str) -> resources.abc.Traversable:
    return resources.files("tzdata").joinpath("zoneinfo", *name.split("/"))
