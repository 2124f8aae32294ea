"""The run's log."""

from . import values
from .host import Host, Level
from .values import text


class Log:
    """The run's log. A line that the body writes is kept once, however often the body is replayed.

    >>> ctx.log.info("two images are missing", sku=sku)
    """

    def __init__(self, host: Host) -> None:
        self._host = host

    def debug(self, message: object, **fields: object) -> None:
        """Logs a detail that only someone who looks for a fault wants to read."""
        self.write("debug", message, fields)

    def info(self, message: object, **fields: object) -> None:
        """Logs an event of ordinary work."""
        self.write("info", message, fields)

    def warn(self, message: object, **fields: object) -> None:
        """Logs something that should not happen but is handled."""
        self.write("warn", message, fields)

    def error(self, message: object, **fields: object) -> None:
        """Logs an error."""
        self.write("error", message, fields)

    def write(self, level: Level, message: object, fields: dict[str, object]) -> None:
        """A line of that level; values that are no JSON are written as their `repr`."""
        plain = {name: values.plain(value) for name, value in fields.items()}
        self._host.log(level, text(str(message)), values.write(plain, "line's fields"))
