"""The test kit: a host in memory that behaves as the real one does."""

import asyncio
import unittest
from dataclasses import dataclass
from datetime import UTC, datetime

from stepwell import (
    Backoff,
    CancelOn,
    Context,
    FailureContext,
    FunctionFailed,
    NewEvent,
    NonRetriableError,
    RateLimit,
    RetryAfterError,
    StepError,
    Trigger,
    function,
)
from stepwell.testing import NeedsRealHostError, NobodyHeardError, NotMockedError, TestHost, TestKitError, respond

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class Order:
    order: str


class Truck:
    """Counts what steps do."""

    def __init__(self) -> None:
        self.loaded: list[str] = []

    def load(self, order: str) -> int:
        self.loaded.append(order)
        return len(self.loaded)


def orders(truck: Truck | None = None):
    """A function of two steps with a failure handler."""
    truck = truck or Truck()

    @function(id="ship-order", name="Ship order", trigger="shop/order.placed", retries=2)
    async def ship_order(ctx: Context[Order]) -> dict:
        place = await ctx.step.run("load", truck.load, ctx.event.data.order)
        await ctx.step.run("drive", lambda: ctx.log.info("drives", attempt=ctx.attempt))
        return {"place": place}

    @ship_order.on_failure
    async def unload(ctx: FailureContext[Order]) -> dict:
        return {"why": str(ctx.error), "loaded": ctx.failed.step("load"), "order": ctx.event.data.event.data.order}

    return ship_order


class Runs(unittest.TestCase):
    def test_one_that_completes(self):
        host = TestHost(orders(), now=NOW)
        run = host.execute("shop/order.placed", Order("o-1"))
        self.assertEqual((run.status, run.output, run.error, run.handler), ("completed", {"place": 1}, None, None))
        self.assertEqual((run.id, run.function_id, run.name, run.attempts), ("run-1", "ship-order", "Ship order", 1))
        self.assertEqual(
            [(one.id, one.attempts, one.output) for one in run.steps], [("load", 1, 1), ("drive", 1, None)]
        )
        self.assertEqual(
            [(line.message, line.fields, line.step) for line in run.log], [("drives", {"attempt": 0}, "drive")]
        )
        self.assertEqual([event.name for event in host.events], ["shop/order.placed", "inngest/function.finished"])
        self.assertEqual(host.now, NOW)

    def test_one_that_fails_has_one_run_of_its_handler(self):
        host = TestHost(orders(), now=NOW, plugin="shop")
        host.fail("drive", TimeoutError("no road"))
        run = host.execute("shop/order.placed", Order("o-1"))
        self.assertEqual((run.status, run.error.name, run.error.step.id), ("failed", "TimeoutError", "drive"))
        self.assertEqual((run.step("drive").attempts, run.step("drive").error.message), (3, "no road"))
        handler = run.handler
        self.assertEqual(
            (handler.handles, handler.function_id, handler.name), (run, "ship-order-failure", "Ship order (failure)")
        )
        self.assertEqual(handler.output, {"why": "TimeoutError: no road", "loaded": 1, "order": "o-1"})
        self.assertEqual(host.runs, [run, handler])
        told = host.events[-1]
        self.assertEqual(
            (told.name, told.id, told.data["function_id"]), ("inngest/function.failed", run.id, "shop-ship-order")
        )
        self.assertEqual((told.data["error"]["attempts"], told.data["error"]["step_id"]), (3, "drive"))

    def test_the_journal_is_a_text(self):
        host = TestHost(orders(), now=NOW)
        host.fail("drive", TimeoutError("no road"))
        run = host.execute("shop/order.placed", Order("o-1"))
        story = """\
run-1 of ship-order
  +0s step load completed 1
  +0s step drive failed at attempt 1: TimeoutError: no road; again in 15s
  +15s step drive failed at attempt 2: TimeoutError: no road; again in 30s
  +45s step drive failed for good at attempt 3: TimeoutError: no road
  +45s failed: TimeoutError: no road (step drive)"""
        self.assertEqual(run.journal, story)
        with self.assertRaisesRegex(AssertionError, "it is failed:\nrun-1 of ship-order"):
            _ = run.output
        with self.assertRaisesRegex(LookupError, 'ship-order has not done "fly"; what it has done: "load", "drive"'):
            run.step("fly")

    def test_the_failures_of_handlers_start_nothing(self):
        @function(id="fails", trigger="e", retries=0)
        async def fails(ctx: Context) -> None:
            raise ValueError("body")

        @fails.on_failure
        async def handle(ctx: FailureContext) -> None:
            raise ValueError("handler")

        @function(id="listener", trigger="inngest/function.failed")
        async def listener(ctx: Context[FunctionFailed]) -> str:
            return str(ctx.event.data.error)

        host = TestHost(fails, listener)
        run = host.execute("e")
        self.assertEqual((run.handler.status, run.handler.attempts, run.handler.handler), ("failed", 2, None))
        self.assertEqual([one.function_id for one in host.runs], ["fails", "fails-failure", "listener"])
        self.assertEqual(host.runs[2].output, "ValueError: body")


class Faults(unittest.TestCase):
    def test_some_attempts_fail(self):
        truck = Truck()
        host = TestHost(orders(truck))
        host.fail("load", ConnectionError, times=2)
        run = host.execute("shop/order.placed", Order("o-1"))
        self.assertEqual((run.output, run.step("load").attempts, truck.loaded), ({"place": 1}, 3, ["o-1"]))

    def test_errors_keep_their_advice(self):
        for error, attempts, seconds in [
            (NonRetriableError("no"), 1, 0),
            (RetryAfterError("later", "1500ms"), 3, 4),
            (ValueError("x"), 3, 45),
        ]:
            host = TestHost(orders(), now=NOW)
            host.fail("load", error)
            run = host.execute("shop/order.placed", Order("o-1"))
            self.assertEqual((run.step("load").attempts, (host.now - NOW).total_seconds()), (attempts, seconds))

    def test_a_crash_repeats_the_step_and_uses_no_attempt(self):
        truck = Truck()
        host = TestHost(orders(truck))
        host.crash("load", times=2)
        run = host.execute("shop/order.placed", Order("o-1"))
        self.assertEqual((run.output, run.step("load").attempts), ({"place": 3}, 1))
        self.assertEqual(truck.loaded, ["o-1"] * 3)

    def test_a_run_that_is_lost_again_and_again_fails(self):
        host = TestHost(orders())
        host.crash("load", times=100)
        run = host.execute("shop/order.placed", Order("o-1"))
        self.assertEqual((run.error.kind, run.handler.output["loaded"]), ("host", None))

    def test_a_body_is_retried_anew_behind_each_step(self):
        seen = []

        @function(id="f", trigger="e", retries=1, backoff=Backoff.exponential("1s"))
        async def f(ctx: Context) -> None:
            seen.append(ctx.attempt)
            if len(seen) == 1:
                raise ValueError("before")
            await ctx.step.run("a", lambda: None)
            if len(seen) == 2:
                raise ValueError("behind")

        run = TestHost(f).execute("e")
        self.assertEqual((run.status, seen, run.attempts), ("completed", [0, 1, 1], 3))

    def test_a_step_error_is_caught(self):
        @function(id="f", trigger="e", retries=0)
        async def f(ctx: Context) -> str:
            try:
                return await ctx.step.run("a", lambda: "fine")
            except StepError as error:
                return error.name

        host = TestHost(f)
        host.fail("a", KeyError("k"), times=1)
        self.assertEqual([host.execute("e").output for _ in range(2)], ["KeyError", "fine"])


class Mocks(unittest.TestCase):
    def test_a_step_comes_to_a_value_or_to_what_a_function_makes_of_its_input(self):
        truck = Truck()
        host = TestHost(orders(truck))
        host.mock("load", 7)
        self.assertEqual(host.execute("shop/order.placed", Order("o-1")).output, {"place": 7})
        host.mock("load", len)
        self.assertEqual(host.execute("shop/order.placed", Order("o-1")).output, {"place": 3})
        self.assertEqual(truck.loaded, [])

    def test_what_comes_from_outside(self):
        @function(id="f", trigger="e", retries=1)
        async def f(ctx: Context) -> list:
            page = await ctx.step.fetch("page", "http://a.b/c", method="POST", json={"n": 1})
            paid = await ctx.step.wait_for_event("paid", "shop/paid", when="async.data.n > 1", data=Order)
            signal = await ctx.step.wait_for_signal("signal", "s")
            score = await ctx.step.invoke("score", "other-plugin-score", {"n": 2})
            return [page.status, page.json(), paid and paid.data.order, signal and signal.data, score]

        host = TestHost(f)
        host.fail("page", ConnectionError("reset"), times=1)
        host.mock("page", lambda request: respond(201, json=[request.url, request.method, request.json()]))
        host.mock("paid", {"order": "o-1"})
        host.mock("signal", 5)
        host.mock("score", lambda data: data["n"] / 4)
        run = host.execute("e")
        self.assertEqual(run.output, [201, ["http://a.b/c", "POST", {"n": 1}], "o-1", 5, 0.5])
        self.assertEqual(run.step("page").attempts, 2)
        host.mock("paid", None)
        self.assertIsNone(host.execute("e").output[2])

    def test_what_is_not_mocked_is_told(self):
        @function(id="f", trigger="e")
        async def f(ctx: Context) -> None:
            match ctx.event.data["kind"]:
                case "fetch":
                    await ctx.step.fetch("x", "http://a.b")
                case "invoke":
                    await ctx.step.invoke("x", "nobody")
                case "wait":
                    await ctx.step.wait_for_event("x", "a", when="true")
                case "send":
                    await ctx.step.send_event("x", "a")

        for kind, error, says in [
            ("fetch", NotMockedError, 'step.fetch\\("x"\\) of f asks for GET http://a.b'),
            ("invoke", NotMockedError, '"nobody", which is no function of this host'),
            ("wait", NeedsRealHostError, 'host.mock\\("x", …\\)'),
        ]:
            with self.assertRaisesRegex(error, says):
                TestHost(f).execute("e", {"kind": kind})
        host = TestHost(f)
        host.mock("x", None)
        with self.assertRaisesRegex(TestKitError, "host.events"):
            host.execute("e", {"kind": "send"})


class Time(unittest.TestCase):
    def test_what_is_due_happens_in_its_order(self):
        @function(id="f", trigger="e")
        async def f(ctx: Context) -> list:
            order = []

            async def note(name: str, awaitable):
                await awaitable
                order.append(name)

            step = ctx.step
            await asyncio.gather(
                note("day", step.sleep("day", "1d")),
                note("wait", step.wait_for_event("wait", "never", timeout="2h")),
                note("hour", step.sleep("hour", "1h")),
            )
            return order

        host = TestHost(f, now=NOW)
        run = host.send("e")
        self.assertEqual((run.status, run.waits), ("waiting", ["day", "wait", "hour"]))
        host.advance("90m")
        self.assertEqual(run.waits, ["day", "wait"])
        host.advance("1w")
        self.assertEqual(run.output, ["hour", "wait", "day"])
        self.assertEqual((host.now - NOW).total_seconds(), 90 * 60 + 7 * 86_400)

    def test_a_waits_timeout_is_no_reason_to_let_time_pass(self):
        @function(id="f", trigger="e")
        async def f(ctx: Context) -> str | None:
            await ctx.step.sleep("nap", "1h")
            paid = await ctx.step.wait_for_event("paid", "shop/paid", match="data.order", timeout="3d", data=Order)
            return paid and paid.data.order

        host = TestHost(f, now=NOW)
        one, two = host.execute("e", {"order": "1"}), host.execute("e", {"order": "2"})
        self.assertEqual((one.status, two.status), ("waiting", "waiting"))
        self.assertEqual(host.send("shop/paid", {"order": "2"}), two)
        host.advance("3d")
        self.assertEqual((one.output, two.output), (None, "2"))

    def test_an_event_of_later_starts_later_and_one_id_once(self):
        host = TestHost(orders(), now=NOW)
        later = NewEvent("shop/order.placed", Order("o-1"), id="x", at=datetime(2026, 1, 1, 1, tzinfo=UTC))
        self.assertIsNone(host.send(later))
        host.advance("59m")
        self.assertEqual(host.runs, [])
        host.advance("1m")
        self.assertEqual([run.status for run in host.runs], ["completed"])
        self.assertIsNone(host.send(NewEvent("shop/order.placed", Order("o-1"), id="x")))
        host.advance("25h")
        self.assertIsNotNone(host.send(NewEvent("shop/order.placed", Order("o-1"), id="x")))

    def test_what_does_not_end_is_told(self):
        @function(id="f", trigger="e")
        async def f(ctx: Context) -> None:
            await ctx.step.send_event("again", "e")

        with self.assertRaisesRegex(TestKitError, "start each other"):
            TestHost(f).execute("e")


class Events(unittest.TestCase):
    def test_steps_send_and_invoke(self):
        @function(id="double")
        async def double(ctx: Context) -> int:
            await ctx.step.sleep("think", "1h")
            return ctx.event.data["n"] * 2

        @function(id="listens", trigger="told/*")
        async def listens(ctx: Context) -> int:
            return ctx.event.data["n"]

        @function(id="main", trigger="e")
        async def main(ctx: Context) -> int:
            doubled = await ctx.step.invoke("double", double, {"n": 4})
            await ctx.step.send_event("tell", "told/double", {"n": doubled})
            return doubled + await ctx.step.invoke("again", "test-double", {"n": 1})

        host = TestHost(main, double, listens)
        self.assertEqual(host.execute("e").output, 10)
        self.assertEqual([run.output for run in host.runs], [10, 8, 8, 2])
        self.assertEqual(host.runs[1].events[0].name, "inngest/function.invoked")

    def test_an_invoked_function_that_fails_or_takes_too_long(self):
        @function(id="callee", retries=0)
        async def callee(ctx: Context) -> None:
            if "long" in ctx.event.data:
                await ctx.step.sleep("long", "2h")
            raise ValueError("no good")

        @function(id="main", trigger="e")
        async def main(ctx: Context) -> str:
            try:
                await ctx.step.invoke("call", callee, ctx.event.data, timeout="1h")
            except StepError as error:
                return str(error)
            return "fine"

        host = TestHost(main, callee)
        self.assertEqual(host.execute("e").output, "no good")
        self.assertIn("Timed out", host.execute("e", {"long": True}).output)

    def test_signals(self):
        @function(id="f", trigger="e")
        async def f(ctx: Context) -> int:
            signal = await ctx.step.wait_for_signal("approval", "approved-7")
            return signal.data

        host = TestHost(f)
        run, other = host.execute("e"), host.execute("e")
        self.assertEqual((other.error.name, host.signal("nobody")), ("SignalConflict", None))
        self.assertEqual((host.signal("approved-7", 5), run.output), (run, 5))

    def test_cancellations(self):
        cancel_on = CancelOn("shop/withdrawn", match="data.order")

        @function(id="f", trigger="e", cancel_on=cancel_on)
        async def f(ctx: Context) -> None:
            await ctx.step.sleep("long", "9d")

        host = TestHost(f)
        one, two = host.send("e", {"order": 1}), host.send("e", {"order": 2})
        self.assertEqual(host.send("shop/withdrawn", {"order": 1}), one)
        self.assertEqual(
            (one.status, two.status, host.events[-1].name), ("cancelled", "waiting", "inngest/function.cancelled")
        )
        host.cancel(two)
        self.assertEqual((two.status, two.handler), ("cancelled", None))

    def test_what_needs_the_real_host(self):
        triggers = [Trigger.event("e", when="event.data.n > 1"), Trigger.cron("0 9 * * *")]

        @function(id="f", trigger=triggers, rate_limit=RateLimit(1, "1h"))
        async def f(ctx: Context) -> list:
            return [len(ctx.events), ctx.event.name, ctx.event.data]

        host = TestHost(f, now=NOW)
        with self.assertRaisesRegex(NeedsRealHostError, 'host.start\\("f"'):
            host.send("e")
        self.assertEqual(host.start("f", NewEvent("e", {"n": 2}), NewEvent("e")).output, [2, "e", {"n": 2}])
        at = "2026-01-01T00:00:00Z"
        scheduled = {"cron": "0 9 * * *", "scheduledAt": at, "fireAt": at}
        self.assertEqual(host.start(f).output, [1, "inngest/scheduled.timer", scheduled])

    def test_an_event_that_nobody_hears(self):
        host = TestHost(orders())
        self.assertIsNone(host.send("shop/order.plcaed"))
        with self.assertRaisesRegex(NobodyHeardError, '"shop/order.plcaed" starts no function'):
            host.execute("shop/order.plcaed")
        with self.assertRaisesRegex(ValueError, "host.start"):
            host.send("inngest/function.failed")

    def test_it_is_not_for_async_tests(self):
        async def test():
            TestHost(orders()).execute("shop/order.placed", Order("o-1"))

        with self.assertRaisesRegex(RuntimeError, "in a plain `def`"):
            asyncio.run(test())
