"""The events of the host's own: what a run's end is told by, and what a schedule or an invocation starts a run with."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from .. import values
from ..failure import Cause, Failure
from ..host import Completed, Failed
from .execution import Cancelled, Execution

FAILED = "inngest/function.failed"
FINISHED = "inngest/function.finished"
CANCELLED = "inngest/function.cancelled"
INVOKED = "inngest/function.invoked"
SCHEDULED = "inngest/scheduled.timer"


def event(name: str, data: Any, id: str, now: float) -> str:
    """An event as guests get it, as JSON."""
    return values.write({"name": name, "data": data, "id": id, "ts": round(now)}, "event")


def is_told(execution: Execution) -> bool:
    """Whether the end of that run is told: that of a listener to ends is not, so that nothing goes in circles."""
    return not any(values.read(text)["name"] in (FAILED, FINISHED) for text in execution.events)


def end_data(execution: Execution, function_id: str) -> dict[str, Any]:
    """The data of the events that tell of the run's end."""
    events = [values.read(text) for text in execution.events]
    data = {"function_id": function_id, "run_id": execution.id, "event": {"user": {}} | events[0], "events": events}
    match execution.outcome:
        case Completed(value):
            return data | {"result": values.read(value), "_inngest": {"status": "Completed"}}
        case Failed(failure):
            told = {"error": _error(failure), "result": _output(failure), "_inngest": {"status": "Failed"}}
            return data | told
        case Cancelled(reason):
            return data | {"_inngest": {"status": "Cancelled", "reason": reason}}
        case _:
            raise AssertionError("a run that is under way has no end to tell of")


def scheduled_data(cron: str, now: float) -> dict[str, str]:
    """The data of the event that a schedule starts a run with."""
    at = datetime.fromtimestamp(now / 1000, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return {"cron": cron, "scheduledAt": at, "fireAt": at}


def _error(failure: Failure) -> dict[str, Any]:
    error: dict[str, Any] = {"error": "NonRetriableError", "name": failure.name, "message": failure.message}
    error |= {"stack": failure.stack or "", "kind": failure.kind, "attempts": failure.attempt + 1}
    step_id = failure.step.id if failure.step else None
    more = {"code": failure.code, "details": failure.details, "step_id": step_id, "cause": _nested(failure.causes)}
    return error | {name: value for name, value in more.items() if value is not None}


def _output(failure: Failure) -> dict[str, Any]:
    output = {"__serialized": True, "name": failure.name, "message": failure.message, "stack": failure.stack or ""}
    more = {"code": failure.code, "cause": _nested(failure.causes)}
    return output | {name: value for name, value in more.items() if value is not None}


def _nested(causes: Sequence[Cause]) -> Any:
    """The chain as nested objects. A cause that was plain data stands as that data."""
    if not causes:
        return None
    first, *further = causes
    if not first.name:
        return first.message if first.details is None else first.details
    cause = {"__serialized": True, "name": first.name, "message": first.message, "stack": first.stack or ""}
    more = {"code": first.code, "details": first.details, "cause": _nested(further)}
    return cause | {name: value for name, value in more.items() if value is not None}
