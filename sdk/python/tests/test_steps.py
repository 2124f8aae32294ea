"""Steps: what is planned when, what comes back, what each use of an id is."""

import asyncio
import random
import time
import unittest
from dataclasses import dataclass
from datetime import UTC, datetime

from stepwell import Backoff, Context, Key, StepError, attempt
from stepwell.host import Resolved

from .raw import run


@dataclass
class Image:
    url: str
    taken: datetime


def an_image(url: str = "u") -> Image:
    return Image(url, datetime(1970, 1, 1, tzinfo=UTC))


def raises(error):
    def fail():
        raise error()

    return fail


class Steps(unittest.TestCase):
    def test_c19_a_sequence_of_steps_takes_one_pass(self):
        async def body(ctx: Context):
            one = await ctx.step.run("a", lambda: 1)
            return await ctx.step.run("b", lambda: one + 1)

        ran = run(body)
        self.assertEqual(ran.value, 2)
        calls = ["enter", "plan a#0", "finish a#0", "next a#0", "plan b#0", "finish b#0", "next b#0"]
        self.assertEqual(ran.calls, calls)

    def test_functions_may_be_async_and_have_arguments(self):
        async def add(a: int, *, b: int) -> int:
            await asyncio.sleep(0)
            return a + b

        async def body(ctx: Context):
            return await ctx.step.run("add", add, 1, b=2)

        self.assertEqual(run(body).value, 3)

    def test_c1_values_cross_as_json(self):
        async def body(ctx: Context):
            plain = await ctx.step.run("plain", lambda: an_image())
            typed = await ctx.step.run("typed", an_image, "v")
            self.assertEqual(plain, {"url": "u", "taken": "1970-01-01T00:00:00Z"})
            self.assertEqual(typed, an_image("v"))
            return await ctx.step.run("tuple", lambda: (1, None))

        self.assertEqual(run(body).value, [1, None])

    def test_c2_a_step_that_returns_nothing_yields_none(self):
        async def body(ctx: Context):
            return await ctx.step.run("a", lambda: None) is None

        self.assertTrue(run(body).value)

    def test_c3_a_result_that_is_no_json_fails_the_step(self):
        async def body(ctx: Context):
            circle = []
            circle.append(circle)
            for value in [circle, {1}, b"x", float("nan")]:
                with self.assertRaises(StepError) as caught:
                    await ctx.step.run("a", lambda value=value: value)
                self.assertEqual(caught.exception.name, "SerializeError")
                self.assertIn("failed to write the step's result as JSON", caught.exception.message)

        ran = run(body)
        self.assertIsNone(ran.value)
        self.assertEqual(sum(call.startswith("finish") for call in ran.calls), 4, "not retried")

    def test_halves_of_surrogate_pairs_are_read_as_replacement_characters(self):
        class HalfError(Exception):
            def __init__(self):
                super().__init__("nice \ud83d")
                self.half = {"\ud83d": ["\ude00"]}
                self.code = "E\ud83d"

        async def body(ctx: Context):
            whole = await ctx.step.run("\ud83d", lambda: ["nice \ud83d", "\ud83d\ude00"])
            ctx.log.info("half \ud83d")
            try:
                await ctx.step.run("fails", raises(HalfError))
            except StepError as error:
                return [whole, error.message, error.details, error.code]

        ran = run(body)
        details = {"half": {"\ufffd": ["\ufffd"]}}
        self.assertEqual(ran.value, [["nice \ufffd", "\U0001f600"], "nice \ufffd", details, "E\ufffd"])
        self.assertEqual(ran.run.log[0].message, "half \ufffd")

    def test_results_are_nested_as_deep_as_the_host_lets_them_be(self):
        def nested(levels):
            value = "core"
            for _ in range(levels):
                value = {"value": value}
            return value

        async def body(ctx: Context):
            deep = await ctx.step.run("deep", nested, 1_000)
            levels = 0
            while isinstance(deep, dict):
                deep, levels = deep["value"], levels + 1
            try:
                await ctx.step.run("too-deep", nested, 1_001)
            except StepError as error:
                return [levels, error.message]

        message = "the result of step too-deep is nested deeper than 1000 levels"
        self.assertEqual(run(body).value, [1_000, message])

    def test_a_value_of_200_000_levels_is_a_clear_error(self):
        value = []
        for _ in range(200_000):
            value = [value]

        async def body(ctx: Context):
            try:
                await ctx.step.run("deep", lambda: value)
            except StepError as error:
                return error.name

        self.assertEqual(run(body).value, "SerializeError")
        while value:
            value = value[0]

    def test_c23_uses_of_an_id_are_told_apart_by_their_order(self):
        async def body(ctx: Context):
            return await asyncio.gather(*(ctx.step.run("again", lambda n=n: n) for n in range(3)))

        ran = run(body)
        self.assertEqual(ran.value, [0, 1, 2])
        self.assertEqual(ran.calls[1], "plan again#0 again#1 again#2")

    def test_c25_a_memo_of_a_step_that_is_gone_is_ignored(self):
        async def body(ctx: Context):
            return await ctx.step.run("kept", lambda: 0)

        ran = run(body, early=[Resolved(Key("gone"), "7")])
        self.assertEqual(ran.value, 0)

    def test_c28_a_nested_step_fails_at_once(self):
        async def body(ctx: Context):
            async def outer():
                try:
                    await asyncio.gather(ctx.step.run("inner", lambda: 1))
                except Exception:
                    return "swallowed"

            await ctx.step.run("outer", outer)

        failure = run(body).failure
        self.assertEqual(failure.name, "NestedStepError")
        self.assertIn("in outer", failure.stack)
        self.assertIn('step "outer" reached operation "inner" inside its closure', failure.message)
        self.assertTrue(failure.advice.never)

    def test_c33_a_step_that_is_left_behind_runs_before_the_end(self):
        ran_steps = []

        async def body(ctx: Context):
            asyncio.create_task(ctx.step.run("a", lambda: ran_steps.append("a")))
            return "done"

        self.assertEqual(run(body).value, "done")
        self.assertEqual(ran_steps, ["a"])

    def test_an_id_is_a_text(self):
        for id in [None, "", 5]:

            async def body(ctx: Context, id=id):
                await ctx.step.run(id, lambda: 1)

            self.assertEqual(run(body).failure.name, "StepIdError")

    def test_what_never_comes_is_told(self):
        async def body(ctx: Context):
            await asyncio.Event().wait()

        async def in_a_step(ctx: Context):
            await ctx.step.run("a", asyncio.Event().wait)

        for stalled in [body, in_a_step]:
            self.assertEqual(run(stalled).failure.name, "StalledError")

    def test_timers_are_for_steps_alone(self):
        async def body(ctx: Context):
            async def naps() -> int:
                async with asyncio.timeout(5):
                    await asyncio.gather(asyncio.sleep(0.02), asyncio.sleep(0.01))
                return await asyncio.to_thread(lambda: 7)

            self.assertEqual(await ctx.step.run("naps", naps), 7)
            await asyncio.sleep(0.01)

        begun = time.monotonic()
        failure = run(body).failure
        self.assertIn("use `ctx.step.sleep`", failure.message)
        self.assertLess(time.monotonic() - begun, 5)

    def test_a_step_knows_its_attempt(self):
        def fails_once() -> list:
            now = attempt()
            if now.number == 0:
                raise RuntimeError("once")
            return [now.step.id, now.number, now.idempotency_key]

        async def body(ctx: Context):
            with self.assertRaises(RuntimeError):
                attempt()
            return await ctx.step.run("charge", fails_once)

        self.assertEqual(run(body).value, ["charge", 1, "run-1-charge-0"])

    def test_a_step_done_over_gets_its_new_input(self):
        def join(a: str, b: str = "") -> str:
            return a + b

        async def body(ctx: Context):
            one = await ctx.step.run("one", join, "a")
            two = await ctx.step.run("two", join, "a", "b")
            image = await ctx.step.run("model", lambda image: image.url, an_image())
            return [one, two, image]

        self.assertEqual(run(body).value, ["a", "ab", "u"])
        inputs = {"one#0": '"x"', "two#0": '["y","z"]', "model#0": '{"url":"w","taken":"1970-01-01T00:00:00Z"}'}
        self.assertEqual(run(body, inputs=inputs).value, ["x", "yz", "w"])
        for inputs, told in (({"two#0": "1"}, "2 arguments"), ({"one#0": "1"}, "as str: 1 is not str")):
            failure = run(body, inputs=inputs).failure
            self.assertEqual((failure.name, failure.attempt), ("DeserializeError", 0))
            self.assertIn(told, failure.message)

    def test_steps_have_retries_of_their_own(self):
        async def body(ctx: Context):
            retrying = ctx.step.retrying(8, backoff=Backoff.exponential("1s", 3, "10m"), jitter="500ms")
            await retrying.run("a", lambda: 1)
            await ctx.step.retrying(0, backoff=Backoff.constant("0s")).run("b", lambda: 1)

        exponential = {"kind": "exponential", "first_ms": 1000, "factor": 3, "max_ms": 600000}
        asked = [
            ("run", {"retries": 8, "backoff": exponential, "jitter_ms": 500}),
            ("run", {"retries": 0, "backoff": {"kind": "constant", "ms": 0}}),
        ]
        self.assertEqual(run(body).asked, asked)

    def test_the_runs_random_is_restarted_at_each_result(self):
        drawn = []

        async def body(ctx: Context):
            drawn.append(("body", random.random()))
            await ctx.step.run("a", lambda: drawn.append(("step", random.random())))
            drawn.append(("body", random.random()))
            await ctx.step.sleep("s", "1s")
            drawn.append(("body", random.random()))

        run(body)
        first, in_step, second, *again, last = drawn
        self.assertEqual([first, second], again, "the body was entered twice")
        self.assertEqual(len({first, in_step, second, last}), 4)

    def test_the_log_has_fields(self):
        async def body(ctx: Context):
            ctx.log.info("saved", sku="A1", bad={1})
            ctx.log.error(ValueError("x"))

        self.assertEqual(run(body).log, [("info", "saved", {"sku": "A1", "bad": "{1}"}), ("error", "x", {})])
