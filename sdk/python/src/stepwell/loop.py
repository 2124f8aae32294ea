"""An event loop of tasks alone: it runs what is ready and then stops, since only the host knows what comes next."""

import asyncio
import functools
import heapq
import time
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator
from contextlib import contextmanager
from contextvars import Context
from itertools import count
from typing import Any

from .attempt import is_inside_step
from .errors import NoSocketsError

_Timer = tuple[float, int, asyncio.Handle]


class _Task(asyncio.Task[Any]):
    """A task whose place in a set, as `asyncio.wait` answers, is the same in each pass: by number, not by address."""

    number = 0

    def __hash__(self) -> int:
        return self.number


class Loop(asyncio.AbstractEventLoop):
    """As much of an event loop as tasks, futures and what is made of them need. It knows timers inside steps alone."""

    def __init__(self) -> None:
        self._ready: deque[asyncio.Handle] = deque()
        self._timers: list[_Timer] = []
        self._timers_made = count()
        self._numbers = count()
        self._numbers_in_steps = count()
        # Python would run the `finally` blocks of a task that nobody keeps, in the midst of a run that goes on
        # elsewhere.
        self._tasks: list[asyncio.Task[Any]] = []

    @contextmanager
    def running(self) -> Iterator[None]:
        """Makes it the loop that asyncio's functions use."""
        before = asyncio._get_running_loop()
        asyncio._set_running_loop(self)
        try:
            yield
        finally:
            asyncio._set_running_loop(before)

    def run_dry(self) -> None:
        """Runs until nothing can go on by itself."""
        while self._ready:
            handle = self._ready.popleft()
            if not handle.cancelled():
                try:
                    handle._run()
                except (SystemExit, KeyboardInterrupt):
                    pass  # the task that it ended holds it as well

    def run_until(self, task: asyncio.Task[Any]) -> None:
        """Runs a step's task to its end, its timers included, or until it can go no further."""
        self.run_dry()
        while not task.done() and self._timers:
            when, _, handle = heapq.heappop(self._timers)
            if not handle.cancelled():
                time.sleep(max(0.0, when - self.time()))
                self._ready.append(handle)
                self.run_dry()
        self._timers.clear()

    def call_soon(  # type: ignore[override]
        self, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        handle = asyncio.Handle(callback, args, self, context)
        self._ready.append(handle)
        return handle

    def call_later(  # type: ignore[override]
        self, delay: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        return self.call_at(self.time() + delay, callback, *args, context=context)

    def call_at(  # type: ignore[override]
        self, when: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        if not is_inside_step():
            raise RuntimeError(
                "asyncio's timers do not outlive the instance that a function waits in: use `ctx.step.sleep`, and race "
                "it with what is to have a timeout"
            )
        handle = asyncio.TimerHandle(when, callback, args, self, context)
        heapq.heappush(self._timers, (when, next(self._timers_made), handle))
        return handle

    def run_in_executor(  # type: ignore[override]
        self, executor: Any, func: Callable[..., Any], *args: Any
    ) -> asyncio.Future[Any]:
        """Here and now: a plugin has one thread."""
        future = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:
            future.set_exception(error)
        return future

    async def create_connection(self, *_: Any, **__: Any) -> Any:
        raise NoSocketsError

    create_unix_connection = create_datagram_endpoint = create_server = getaddrinfo = create_connection

    def create_future(self) -> asyncio.Future[Any]:
        return asyncio.Future(loop=self)

    def create_task(  # type: ignore[override]
        self, coro: Coroutine[Any, Any, Any], **options: Any
    ) -> asyncio.Task[Any]:
        # Passes differ in which steps run in them, whose tasks are therefore counted apart.
        numbers = self._numbers_in_steps if is_inside_step() else self._numbers
        task = _Task(coro, loop=self, **options)
        task.number = next(numbers)
        self._tasks.append(task)
        return task

    def time(self) -> float:
        return time.monotonic()

    def is_running(self) -> bool:
        return True

    def is_closed(self) -> bool:
        return False

    def get_debug(self) -> bool:
        return False

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        pass  # it is passed over when its time comes

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        pass  # such as: an exception that nobody has asked for


_as_completed = asyncio.as_completed


@functools.wraps(_as_completed)
def _as_completed_in_order(fs: Iterable[Awaitable[Any]], **options: Any) -> Any:
    """`asyncio.as_completed` makes tasks of coroutines in the order of a set, which is by address.

    That is another one in each pass, in which steps of one id would then get each other's results.
    """
    if isinstance(asyncio._get_running_loop(), Loop):
        fs = [asyncio.ensure_future(awaitable) for awaitable in dict.fromkeys(fs)]
    return _as_completed(fs, **options)


asyncio.as_completed = _as_completed_in_order  # type: ignore[assignment]
