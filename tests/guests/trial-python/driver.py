"""Drives one pass of a function: lets the body run until it can go no further, plans what it has reached, runs the one
step that the host lets run here, and gives the body one recorded result at a time."""

import asyncio
import inspect
import json
from collections import Counter
from contextvars import ContextVar
from dataclasses import dataclass

from componentize_py_types import Err, Ok
from failure import StepError, failure_of, text
from wit_world.imports import steps, types

# Everything of a pass is kept alive: Python would run the `finally` blocks of a coroutine that it collects.
_kept = []
_inside = ContextVar("the step whose closure is running", default=None)


@dataclass
class Operation:
    found: steps.Found
    closure: object
    future: asyncio.Future


def drive(body):
    """Enters `body(step)`, as far as this pass goes."""
    loop = Loop()
    step = Pass(loop)
    _kept.append(step)
    asyncio.events._set_running_loop(loop)
    try:
        return step.drive(body)
    finally:
        asyncio.events._set_running_loop(None)


class Pass:
    def __init__(self, loop):
        self._loop = loop
        self._uses = Counter()
        self._reached = []
        self._waiting = {}  # planned and not resolved, by key
        self._early = []  # results for what the code has not asked for yet, or never will

    def run(self, id, closure):
        return self._reach(id, "run", {}, closure)

    def sleep(self, id, ms):
        return self._reach(id, "sleep", {"ms": ms})

    def drive(self, body):
        task = self._loop.create_task(body(self))
        while True:
            self._loop.run_dry()
            if task.done():
                return ended(task)
            granted = self._plan()
            if granted and self._execute(granted) == steps.Control.STOP:
                return types.Outcome_Suspended()
            resolved = self._next()
            if resolved:
                self._settle(resolved)
            elif self._waiting:
                return types.Outcome_Suspended()
            else:
                return failed(RuntimeError("the function awaits something that is no operation and never comes"))

    def _reach(self, id, kind, options, closure=None):
        if not isinstance(id, str) or not id:
            raise TypeError("a step needs an id: a string that is not empty")
        id = text(id)  # as it will come back
        if inside := _inside.get():
            raise RuntimeError(f'step "{id}" was reached inside step "{inside}"')
        key = types.OperationKey(id, self._uses[id])
        self._uses[id] += 1
        operation = Operation(steps.Found(key, kind, json.dumps(options)), closure, self._loop.create_future())
        self._reached.append(operation)
        return operation.future

    def _plan(self):
        """Plans what was newly reached; answers the operation that is to run here."""
        reached, self._reached = self._reached, []
        if not reached:
            return None
        decisions = steps.plan([operation.found for operation in reached])
        self._waiting |= {name(operation.found.key): operation for operation in reached}
        granted = [o for o, decision in zip(reached, decisions) if isinstance(decision, steps.Decision_Run)]
        return granted[0] if granted else None

    def _execute(self, operation):
        task = self._loop.create_task(call(operation))
        self._loop.run_dry()
        try:
            if not task.done():
                raise RuntimeError("the closure awaits something that never comes")
            value = Ok(task.result())
        except BaseException as error:
            value = Err(failure_of(error, in_step=True))
        return steps.finish(operation.found.key, value)

    def _next(self):
        early = [resolved for resolved in self._early if name(resolved.key) in self._waiting]
        if not early:
            return steps.next()
        self._early.remove(early[0])
        return early[0]

    def _settle(self, resolved):
        operation = self._waiting.pop(name(resolved.key), None)
        if operation is None:
            self._early.append(resolved)
        elif operation.future.done():
            pass  # cancelled meanwhile
        elif isinstance(resolved.value, Ok):
            operation.future.set_result(json.loads(resolved.value.value))
        else:
            operation.future.set_exception(StepError(resolved.key, resolved.value.value))


async def call(operation):
    _inside.set(operation.found.key.id)
    value = operation.closure()
    return to_json(await value if inspect.isawaitable(value) else value)


def ended(task):
    try:
        return types.Outcome_Completed(to_json(task.result()))
    except BaseException as error:
        return failed(error)


def failed(error):
    return types.Outcome_Failed(failure_of(error, in_step=False))


def to_json(value):
    return json.dumps(value, allow_nan=False, separators=(",", ":"))


def name(key):
    return key.id, key.n


class Loop(asyncio.AbstractEventLoop):
    """As much of an event loop as tasks, futures and `gather` need."""

    def __init__(self):
        self._ready = []
        self._tasks = []

    def run_dry(self):
        while self._ready:
            ready, self._ready = self._ready, []
            for handle in ready:
                if not handle.cancelled():
                    try:
                        handle._run()
                    except (SystemExit, KeyboardInterrupt):
                        pass  # the task that it ended holds it as well

    def call_soon(self, callback, *args, context=None):
        handle = asyncio.Handle(callback, args, self, context)
        self._ready.append(handle)
        return handle

    def create_future(self):
        return asyncio.Future(loop=self)

    def create_task(self, coro, **options):
        task = asyncio.Task(coro, loop=self, **options)
        self._tasks.append(task)
        return task

    def is_running(self):
        return True

    def get_debug(self):
        return False

    def call_exception_handler(self, context):
        pass  # such as: an exception that nobody has asked for
