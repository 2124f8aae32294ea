"""Write durable functions for Stepwell in Python."""

from .attempt import Attempt, attempt
from .context import Context, FailedRun, FailureContext
from .duration import Duration
from .errors import (
    DeserializeError,
    HttpStatusError,
    NestedStepError,
    NonRetriableError,
    RetryAfterError,
    SerializeError,
    StalledError,
    StepError,
    StepIdError,
)
from .event import Event, FunctionError, FunctionFailed, NewEvent
from .failure import Cause, Failure, Key, RecordedError
from .fetch import Response
from .flow import Batch, CancelOn, Concurrency, Debounce, RateLimit, Singleton, Throttle, Timeouts
from .function import Function, Trigger, function
from .log import Log
from .registry import plugin
from .retry import Backoff
from .signal import Signal
from .step import Step

__all__ = [
    "Attempt",
    "Backoff",
    "Batch",
    "CancelOn",
    "Cause",
    "Concurrency",
    "Context",
    "Debounce",
    "DeserializeError",
    "Duration",
    "Event",
    "FailedRun",
    "Failure",
    "FailureContext",
    "Function",
    "FunctionError",
    "FunctionFailed",
    "HttpStatusError",
    "Key",
    "Log",
    "NestedStepError",
    "NewEvent",
    "NonRetriableError",
    "RateLimit",
    "RecordedError",
    "Response",
    "RetryAfterError",
    "SerializeError",
    "Signal",
    "Singleton",
    "StalledError",
    "Step",
    "StepError",
    "StepIdError",
    "Throttle",
    "Timeouts",
    "Trigger",
    "attempt",
    "function",
    "plugin",
]
