"""Runs, as a test looks at them."""

from typing import Any, Literal

from .. import models, values
from ..event import Event
from ..failure import Failure
from ..host import Completed, Failed
from .execution import Execution
from .journal import LogLine, RecordedStep, name

Status = Literal["waiting", "completed", "failed", "cancelled"]


class Run:
    """A run of a function, or of its failure handler. It shows what is so now: look again after time has passed."""

    def __init__(self, execution: Execution) -> None:
        self._execution = execution

    @property
    def id(self) -> str:
        """`run-1` for the host's first run, and so on."""
        return self._execution.id

    @property
    def function_id(self) -> str:
        """The function's id, with `-failure` behind it if this is a run of its failure handler."""
        return self._execution.function_id

    @property
    def name(self) -> str:
        """The function's name, with ` (failure)` behind it if this is a run of its failure handler."""
        function = self._execution.function
        return (function.name or function.id) + (" (failure)" if self._execution.failed else "")

    @property
    def status(self) -> Status:
        """`waiting` until it has ended."""
        return self._execution.status

    @property
    def output(self) -> Any:
        """The function's result as JSON. Raises an `AssertionError` that tells what happened, if it has none."""
        if isinstance(self._execution.outcome, Completed):
            return values.read(self._execution.outcome.value)
        raise AssertionError(f"the run has no output, it is {self.status}:\n{self.journal}")

    @property
    def error(self) -> Failure | None:
        """The run's error."""
        outcome = self._execution.outcome
        return outcome.failure if isinstance(outcome, Failed) else None

    @property
    def attempts(self) -> int:
        """How often its body was attempted: once, and once more for each time that it was retried."""
        return self._execution.journal.body_retries + 1

    @property
    def events(self) -> list[Event[Any]]:
        """The events that have started it."""
        return [event_of(text) for text in self._execution.events]

    @property
    def steps(self) -> list[RecordedStep]:
        """Its steps and other operations that are over, in the order in which that was recorded."""
        return list(self._execution.journal.steps)

    def step(self, id: str, n: int = 0) -> RecordedStep:
        """The step of that id, of its uses the `n`-th (0-based); a `LookupError` that lists those there are."""
        found = next((one for one in self.steps if (one.id, one.n) == (id, n)), None)
        if found is None:
            known = ", ".join(f'"{one.id}"' for one in self.steps) or "none"
            what = f'"{id}"' if n == 0 else f'"{id}" a {n + 1}. time'
            raise LookupError(f"{self.function_id} has not done {what}; what it has done: {known}")
        return found

    @property
    def waits(self) -> list[str]:
        """The ids of what it has begun and what is not over."""
        return [] if self._execution.outcome else [name(one.key) for one in self._execution.journal.open()]

    @property
    def log(self) -> list[LogLine]:
        """Its log, each line once, however often the body was replayed."""
        return list(self._execution.log.values())

    @property
    def handler(self) -> "Run | None":
        """The run of the failure handler, once this one has failed."""
        return _shown(self._execution.handler)

    @property
    def handles(self) -> "Run | None":
        """The run whose failure this one handles."""
        return _shown(self._execution.failed)

    @property
    def journal(self) -> str:
        """The history of the run, a line each: for snapshots, and for messages of assertions."""
        handles = f", handles {self._execution.failed.id}" if self._execution.failed else ""
        lines = [f"{self.id} of {self.function_id}{handles}"]
        return "\n  ".join([*lines, *self._execution.journal.story()])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Run) and other._execution is self._execution

    def __hash__(self) -> int:
        return hash(self._execution.id)

    def __repr__(self) -> str:
        return f"<{self.journal}>"


def _shown(execution: Execution | None) -> Run | None:
    return None if execution is None else Run(execution)


def event_of(text: str) -> Event[Any]:
    """An event, its data plain."""
    event: Event[Any] = models.read(Event[Any], values.read(text), "the event")
    return event
