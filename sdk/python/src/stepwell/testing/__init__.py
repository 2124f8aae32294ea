"""Test functions in Python's own test runners: they run in the test's process, on a host in memory, in virtual time."""

from .doubles import Request
from .host import TestHost
from .journal import LogLine, RecordedStep
from .problems import NeedsRealHostError, NobodyHeardError, NotMockedError, TestKitError
from .responses import respond
from .run import Run, Status

__all__ = [
    "LogLine",
    "NeedsRealHostError",
    "NobodyHeardError",
    "NotMockedError",
    "RecordedStep",
    "Request",
    "Run",
    "Status",
    "TestHost",
    "TestKitError",
    "respond",
]
