"""Failures: what becomes of what is raised, and what a failure handler is told."""

import unittest
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from stepwell import (
    Cause,
    Context,
    Failure,
    FailureContext,
    FunctionFailed,
    Key,
    NonRetriableError,
    RecordedError,
    RetryAfterError,
    StepError,
)
from stepwell.failure import BY_POLICY, NEVER

from .raw import handle, run


class SoldOut(Exception):
    def __init__(self, sku: str) -> None:
        super().__init__(f"{sku} is sold out")
        self.code = "SOLD_OUT"
        self.sku = sku
        self.seen = {1}
        self._own = 1


def raises(error: BaseException):
    """The failure of a body that raises this."""

    async def body(ctx: Context):
        raise error

    return run(body).failure


class Bodies(unittest.TestCase):
    def test_a1_name_message_and_traceback(self):
        failure = raises(ValueError("x"))
        self.assertEqual((failure.name, failure.message, failure.advice), ("ValueError", "x", BY_POLICY))
        first, second, *_, last = failure.stack.splitlines()
        self.assertEqual((first, last), ("Traceback (most recent call last):", "ValueError: x"))
        self.assertIn("test_failures.py", second, "it begins where the user's code does")

    def test_a5_fails_once_then_completes(self):
        async def body(ctx: Context):
            if ctx.attempt == 0:
                raise ValueError("once")
            return 7

        self.assertEqual(run(body).value, 7)

    def test_a6_a8_non_retriable(self):
        class MyNR(NonRetriableError):
            pass

        self.assertEqual(raises(NonRetriableError("x")).advice, NEVER)
        failure = raises(MyNR("x"))
        self.assertEqual((failure.name, failure.advice), ("MyNR", NEVER))

    def test_a10_a16_advice_of_a_cause_means_nothing(self):
        for cause in [NonRetriableError("c"), RetryAfterError("c", "1h")]:
            error = ValueError("x")
            error.__cause__ = cause
            failure = raises(error)
            self.assertEqual(failure.advice, BY_POLICY)
            self.assertEqual(failure.causes[0].name, type(cause).__name__)

    def test_a11_a12_a14_retry_after(self):
        def after(when):
            return raises(RetryAfterError("x", when)).advice.after_ms

        self.assertEqual(after(timedelta(milliseconds=1500)), 1500)
        self.assertEqual(after("1h"), 3_600_000)
        self.assertEqual((after("0s"), after(timedelta(seconds=-5))), (0, -5000), "the host clips it")
        self.assertAlmostEqual(after(datetime.now(UTC) + timedelta(seconds=60)), 60_000, delta=5_000)
        with self.assertRaisesRegex(ValueError, '"banana"'):
            RetryAfterError("x", "banana")
        with self.assertRaises(TypeError):
            RetryAfterError("x", 5)

    def test_a21_no_message_is_an_empty_one(self):
        self.assertEqual(raises(ValueError()).message, "")

    def test_a22_code_and_attributes_are_kept(self):
        failure = raises(SoldOut("A1"))
        self.assertEqual((failure.name, failure.code), ("SoldOut", "SOLD_OUT"))
        self.assertEqual(failure.details, {"sku": "A1", "seen": "{1}"})

    def test_a25_causes_and_contexts(self):
        async def body(ctx: Context):
            try:
                try:
                    {}["k"]
                except KeyError as error:
                    raise SoldOut("A1") from error
            except SoldOut:
                raise ValueError("x")

        failure = run(body).failure
        self.assertEqual(
            [(c.name, c.message, c.code) for c in failure.causes],
            [
                ("SoldOut", "A1 is sold out", "SOLD_OUT"),
                ("KeyError", "'k'", None),
            ],
        )
        self.assertIn("KeyError", failure.causes[1].stack)

        async def hides(ctx: Context):
            try:
                {}["k"]
            except KeyError:
                raise ValueError("x") from None

        self.assertEqual(run(hides).failure.causes, ())

    def test_a26_circular_causes_are_cut(self):
        one, two = ValueError("1"), ValueError("2")
        one.__cause__, two.__cause__ = two, one
        self.assertEqual([cause.message for cause in raises(one).causes], ["2", "[circular cause left out]"])

    def test_a28_a_million_characters(self):
        self.assertEqual(len(raises(ValueError("x" * 1_000_000)).message), 1_000_000)

    def test_groups_are_unwrapped(self):
        failure = raises(ExceptionGroup("g", [ExceptionGroup("h", [SoldOut("A1")])]))
        self.assertEqual((failure.name, failure.code), ("SoldOut", "SOLD_OUT"))
        failure = raises(ExceptionGroup("g", [SoldOut("A1"), ValueError("x")]))
        self.assertEqual((failure.name, failure.causes[0].name), ("ExceptionGroup", "SoldOut"))
        names = [error["name"] for error in failure.details["errors"]]
        self.assertEqual((names, failure.advice), (["SoldOut", "ValueError"], BY_POLICY))

    def test_whatever_is_raised_is_a_failure(self):
        class Bad(Exception):
            def __str__(self):
                raise ValueError

        self.assertEqual(raises(Bad()).name, "Bad")
        for error in [SystemExit(3), KeyboardInterrupt(), ValueError("\ud800")]:
            self.assertEqual(raises(error).name, type(error).__name__)

    def test_b1_b2_results(self):
        async def nothing(ctx: Context): ...

        async def date(ctx: Context):
            return datetime(1970, 1, 1, tzinfo=UTC)

        self.assertIsNone(run(nothing).value)
        self.assertEqual(run(date).value, "1970-01-01T00:00:00Z")

    def test_b5_a_result_that_is_no_json(self):
        async def body(ctx: Context):
            circle = {}
            circle["self"] = circle
            return circle

        failure = run(body).failure
        self.assertEqual((failure.name, failure.advice), ("SerializeError", NEVER))
        self.assertIn("failed to write the function's result as JSON: Circular reference", failure.message)


class StepErrors(unittest.TestCase):
    def test_c4_an_uncaught_step_error_ends_the_run(self):
        async def body(ctx: Context):
            await ctx.step.run("a", lambda: (_ for _ in ()).throw(SoldOut("A1")))

        ran = run(body)
        self.assertEqual(ran.calls.count("finish a#0"), 2)
        failure = ran.failure
        self.assertEqual((failure.name, failure.code, failure.step), ("SoldOut", "SOLD_OUT", Key("a")))
        self.assertEqual(failure.advice, NEVER)

    def test_c5_a_step_error_is_caught(self):
        def fails():
            raise SoldOut("A1") from KeyError("k")

        async def body(ctx: Context):
            try:
                await ctx.step.run("a", fails)
            except StepError as error:
                self.assertIsInstance(error.__cause__, KeyError)
                self.assertIn("in fails", error.stack)
                return [str(error), error.name, error.code, error.details, error.step_id, error.causes[0].name]

        details = {"sku": "A1", "seen": "{1}"}
        self.assertEqual(run(body).value, ["A1 is sold out", "SoldOut", "SOLD_OUT", details, "a", "KeyError"])

    def test_c6_a_wrapped_step_error_is_retried(self):
        async def body(ctx: Context):
            try:
                await ctx.step.run("a", lambda: 1 / 0)
            except StepError:
                raise ValueError("wrapped")

        ran = run(body)
        self.assertEqual((ran.failure.message, ran.failure.advice), ("wrapped", BY_POLICY))
        self.assertEqual(ran.failure.causes[0].name, "ZeroDivisionError")
        self.assertEqual(ran.calls.count("finish a#0"), 2, "only the body was retried")

    def test_c9_c10_advice_in_a_step(self):
        def fails():
            raise NonRetriableError("no")

        async def body(ctx: Context):
            try:
                await ctx.step.run("a", fails)
            except StepError as error:
                return error.name

        ran = run(body)
        self.assertEqual((ran.value, ran.calls.count("finish a#0")), ("NonRetriableError", 1))

    def test_a_steps_error_is_final_in_another_step_too(self):
        async def body(ctx: Context):
            try:
                await ctx.step.run("a", lambda: 1 / 0)
            except StepError as error:
                caught = error

            def rethrows():
                raise caught

            await ctx.step.run("b", rethrows)

        ran = run(body)
        self.assertEqual((ran.failure.name, ran.failure.step.id), ("ZeroDivisionError", "b"))
        self.assertEqual(ran.calls.count("finish b#0"), 1)


class Handlers(unittest.TestCase):
    failure = Failure("application", "RangeError", "far", "at x.js:1", "E1", {"a": 1}, (Cause("KeyError", "k"),))

    def test_it_is_told_the_error_and_what_had_been_done(self):
        async def alert(ctx: FailureContext):
            told = await ctx.step.run("alert", lambda: str(ctx.error))
            reserved = ctx.failed.step("reserve", result=int)
            with self.assertRaises(StepError):
                ctx.failed.step("save")
            return [told, ctx.event.data.event.data["sku"], ctx.failed.run_id, reserved, ctx.failed.step("none")]

        handled = handle(alert, self.failure, {"sku": "A1"})
        self.assertEqual(handled.output, ["RangeError: far", "A1", "run-1", 7, None])

    def test_f14_a30_errors_are_rebuilt(self):
        error = self.failure.exception()
        self.assertIsInstance(error, RecordedError)
        self.assertEqual((type(error).__name__, str(error), error.code), ("RangeError", "far", "E1"))
        self.assertEqual(error.details, {"a": 1})
        self.assertIsInstance(error.__cause__, KeyError)
        self.assertIsInstance(Failure("application", "UnicodeDecodeError", "m").exception(), RecordedError)

    def test_the_event_is_typed(self):
        @dataclass
        class Product:
            sku: str

        async def alert(ctx: FailureContext[Product]):
            return ctx.event.data.event.data.sku

        self.assertEqual(handle(alert, self.failure, {"sku": "A1"}).output, "A1")

    def test_f11_a_listener_reads_any_error(self):
        async def listener(ctx: Context[FunctionFailed]):
            error = ctx.event.data.error
            return [str(error), str(error.cause), error.code, type(error.exception().__cause__).__name__]

        event = {"name": "test/event", "id": "1", "ts": 1500, "data": {}}
        failed = {"function_id": "p-f", "run_id": "01F", "event": event, "events": [event]}
        failed["error"] = {"name": "A", "message": "a", "code": "C", "cause": {"name": "B", "message": "b"}}
        self.assertEqual(run(listener, failed).value, ["A: a", "B: b", "C", "B"])
        failed["error"] = 5
        self.assertEqual(run(listener, failed).value, ["5", "None", None, "NoneType"])
