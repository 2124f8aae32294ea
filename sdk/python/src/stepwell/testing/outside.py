"""Operations that are not steps: the host handles them by itself, or others have to bring them about."""

from typing import TYPE_CHECKING, Any

from .. import raised, values
from ..event import Event, NewEvent
from ..failure import Failure
from ..fetch import Response
from . import lifecycle
from .doubles import Request
from .execution import Execution
from .journal import Operation, cut, failed_for_good, name, span
from .passes import Broken
from .problems import NeedsRealHostError, NotMockedError, TestKitError
from .responses import as_contract

if TYPE_CHECKING:
    from .world import World


class Outside:
    """Begins such operations, and ends those whose time has come."""

    def __init__(self, world: "World") -> None:
        self._world = world

    def begin(self, execution: Execution, operation: Operation) -> None:
        """Notes an operation that the code has reached."""
        begins = {
            "sleep": self._sleep,
            "wait-for-event": self._wait_for_event,
            "wait-for-signal": self._wait_for_signal,
            "invoke": self._invoke,
            "send-events": self._send_events,
            "send-signal": self._send_signal,
            "fetch": self._fetch,
        }
        if operation.kind == "fetch" or not self._is_told(execution, operation):
            begins[operation.kind](execution, operation)

    def end(self, execution: Execution, operation: Operation) -> None:
        """Ends one whose time has come, or tries it again."""
        if operation.kind == "sleep":
            self._resolve(execution, operation, None, f"sleep {name(operation.key)} is over")
        elif operation.kind == "fetch":
            self.attempt(execution, operation)
        elif operation.kind == "invoke":
            message = "Timed out waiting for invoked function to complete"
            self.refuse(
                execution, operation, Failure("timeout", "InngestInvokeTimeoutError", message, code="invoke_timeout")
            )
        else:
            self.answer(execution, operation, None)

    def answer(self, execution: Execution, operation: Operation, value: object) -> None:
        """Gives it what it has waited for."""
        self._resolve(execution, operation, value, f"{name(operation.key)} is answered {_text(value)}")

    def refuse(self, execution: Execution, operation: Operation, failure: Failure) -> None:
        """Fails it for good."""
        execution.journal.resolve(operation, failure, self._world.now, failed_for_good(operation, failure))

    def attempt(self, execution: Execution, operation: Operation) -> None:
        """Makes a request, as far as the test has said what it comes to."""
        doubles, id = self._world.doubles, operation.key.id
        request = Request.of(operation.options)
        if not doubles.has(id):
            raise NotMockedError(
                f'step.fetch("{id}") of {execution.function_id} asks for {request.method} {request.url}, and '
                f'tests make no requests: say what it comes to with host.mock("{id}", respond(…))'
            )
        failure, response = self._double(operation, request)
        if failure is not None:
            execution.attempt_failed(operation, failure, self._world.now)
        elif isinstance(response, Response):
            told = f"step {name(operation.key)} completed {response.status}"
            self._resolve(execution, operation, as_contract(response), told)
        else:
            raise TestKitError(f'the mock of step.fetch("{id}") has to come to a `respond(…)`, not to {response!r}')

    def _fetch(self, execution: Execution, operation: Operation) -> None:
        self._note(execution, f"{name(operation.key)} fetches {operation.options['url']}")
        self.attempt(execution, operation)

    def _sleep(self, execution: Execution, operation: Operation) -> None:
        now, options = self._world.now, operation.options
        operation.due = now + options["ms"] if "ms" in options else max(options["until"], now)
        self._note(execution, f"sleep {name(operation.key)} for {span(operation.due - now)}")

    def _wait_for_event(self, execution: Execution, operation: Operation) -> None:
        options = operation.options
        if "if" in options:
            raise NeedsRealHostError(
                f'step.wait_for_event("{operation.key.id}") of {execution.function_id} waits for an event of which '
                f"`{options['if']}`, which only the real host can tell: say what it comes to with "
                f'host.mock("{operation.key.id}", …)'
            )
        self._wait(execution, operation, f"waits for {options['event']}")

    def _wait_for_signal(self, execution: Execution, operation: Operation) -> None:
        signal = operation.options["signal"]
        if holder := self._world.waiting_for_signal(signal, other_than=operation):
            if operation.options["on_conflict"] == "fail":
                message = f'Signal conflict; run {holder[0].id} waits for signal "{signal}"'
                key = operation.key
                raise Broken(Failure("application", "SignalConflict", message, code="signal_conflict", step=key))
            holder[1].options["signal"] = None  # nothing will be heard there any more
        self._wait(execution, operation, f"waits for signal {signal}")

    def _wait(self, execution: Execution, operation: Operation, what: str) -> None:
        timeout_ms = operation.options["timeout_ms"]
        operation.due = self._world.now + timeout_ms
        self._note(execution, f"{name(operation.key)} {what}, for {span(timeout_ms)}")

    def _invoke(self, execution: Execution, operation: Operation) -> None:
        id = operation.options["function"]
        function = self._world.function(id)
        if function is None:
            raise NotMockedError(
                f'step.invoke("{operation.key.id}") of {execution.function_id} invokes "{id}", which is no function of '
                f'this host: give it to TestHost, or say what it comes to with host.mock("{operation.key.id}", …)'
            )
        self._wait(execution, operation, f"invokes {id}")
        data = operation.options["data"] | {"_inngest": {"fn_id": id, "name": operation.key.id}}
        event = lifecycle.event(lifecycle.INVOKED, data, self._world.new_event_id(), self._world.now)
        self._world.start(function, [event], invoker=(execution, operation.key))

    def _send_events(self, execution: Execution, operation: Operation) -> None:
        self._note(execution, f"{name(operation.key)} sends events")
        events = operation.options["events"]
        if problem := next(filter(None, map(_problem, events)), None):
            self.refuse(execution, operation, Failure("application", "EventError", problem, code="event_refused"))
            return
        ids = [self._world.receive(event).id for event in events]
        self.answer(execution, operation, {"ids": ids})

    def _send_signal(self, execution: Execution, operation: Operation) -> None:
        options = operation.options
        self._note(execution, f"{name(operation.key)} sends signal {options['signal']}")
        receiver = self._world.signal(options["signal"], options["data"])
        self.answer(execution, operation, {"run_id": receiver.id if receiver else None})

    def _is_told(self, execution: Execution, operation: Operation) -> bool:
        """Whether the test has said what it comes to; it has come to it then."""
        id = operation.key.id
        if not self._world.doubles.has(id):
            return False
        if operation.kind.startswith("send-") and id in self._world.doubles.mocks:
            raise TestKitError(f'"{id}" sends, which needs no mock: what it has sent is in host.events')
        own = [operation.options["data"]] if operation.kind == "invoke" else []
        failure, value = self._double(operation, *own)
        if failure is not None:
            self.refuse(execution, operation, failure)
        else:
            self.answer(execution, operation, self._come_to(operation, value))
        return True

    def _double(self, operation: Operation, *input: Any) -> tuple[Failure | None, Any]:
        """The result that the test gives it: an error, or a value."""
        doubles, id = self._world.doubles, operation.key.id
        fault = doubles.take_fault(id)
        if isinstance(fault, Failure):
            return fault, None
        try:
            if fault is not None:
                raise fault
            return None, doubles.come_to(id, *input)
        except Exception as error:
            return raised.of_step(error), None

    def _come_to(self, operation: Operation, value: Any) -> Any:
        """A mock's value in the form in which the host answers."""
        if operation.kind == "sleep" or value is None:
            return None
        if operation.kind == "wait-for-signal":
            return {"signal": operation.options["signal"], "data": value}
        if operation.kind != "wait-for-event":
            return value
        if not isinstance(value, Event | NewEvent):
            value = NewEvent(operation.options["event"], value)
        id = value.id or self._world.new_event_id()
        return values.read(lifecycle.event(value.name, value.data, id, self._world.now))

    def _resolve(self, execution: Execution, operation: Operation, value: object, what: str) -> None:
        execution.journal.resolve(operation, values.write(value, "result"), self._world.now, what)

    def _note(self, execution: Execution, what: str) -> None:
        execution.journal.note(self._world.now, what)


def _problem(event: dict[str, Any]) -> str | None:
    """Why the host would refuse that event."""
    if event["name"].startswith("inngest/"):
        return f'event name "{event["name"]}" is reserved: names that begin with "inngest/" are the host\'s own'
    return None if isinstance(event["data"], dict) else "event data has to be a JSON object"


def _text(value: object) -> str:
    return cut(values.write(value, "result"))
