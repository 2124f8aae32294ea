"""Steps side by side, by all that asyncio has for it."""

import asyncio
import unittest

from stepwell import Context, NonRetriableError, StepError

from .raw import run


def fails(message: str = "eb"):
    raise NonRetriableError(message)


class Parallel(unittest.TestCase):
    def test_d1_steps_side_by_side_get_a_pass_each_and_run_once(self):
        ran_steps = []

        async def body(ctx: Context):
            return await asyncio.gather(
                ctx.step.run("a", lambda: ran_steps.append("a") or 1),
                ctx.step.run("b", lambda: ran_steps.append("b") or 2),
            )

        ran = run(body)
        self.assertEqual((ran.value, ran_steps), ([1, 2], ["a", "b"]))
        plan = "plan a#0 b#0"
        calls = [plan, "enter", plan, "finish a#0", "enter", plan, "finish b#0", "enter", plan, "next a#0", "next b#0"]
        self.assertEqual(ran.calls[1:], calls)

    def test_d2_one_of_two_fails(self):
        async def body(ctx: Context):
            await asyncio.gather(ctx.step.run("a", lambda: 1), ctx.step.run("b", fails))

        ran = run(body)
        self.assertEqual((ran.failure.message, ran.failure.step.id), ("eb", "b"))
        self.assertTrue(ran.failure.advice.never)
        self.assertEqual(ran.calls.count("finish a#0"), 1)

    def test_d2_in_a_task_group(self):
        async def body(ctx: Context):
            async with asyncio.TaskGroup() as group:
                group.create_task(ctx.step.run("a", lambda: 1))
                group.create_task(ctx.step.run("b", fails))

        failure = run(body).failure
        self.assertEqual((failure.name, failure.message, failure.step.id), ("NonRetriableError", "eb", "b"))

    def test_d4_all_outcomes(self):
        async def body(ctx: Context):
            steps = [ctx.step.run("a", fails), ctx.step.run("b", lambda: 2)]
            return [str(outcome) for outcome in await asyncio.gather(*steps, return_exceptions=True)]

        self.assertEqual(run(body).value, ["eb", "2"])

    def test_d5_the_first_that_succeeds(self):
        async def body(ctx: Context):
            for first in asyncio.as_completed([ctx.step.run("a", fails), ctx.step.run("b", lambda: "rb")]):
                try:
                    return await first
                except StepError:
                    continue

        self.assertEqual(run(body).value, "rb")

    def test_as_completed_reaches_steps_in_the_order_of_the_code(self):
        async def body(ctx: Context):
            steps = [ctx.step.run("s", lambda n: n, n) for n in range(20)]
            return [await ended for ended in asyncio.as_completed(steps)]

        self.assertEqual(run(body).value, list(range(20)))

    def test_d6_none_succeeds(self):
        async def body(ctx: Context):
            steps = [ctx.step.run(id, fails, id) for id in "ab"]
            outcomes = await asyncio.gather(*steps, return_exceptions=True)
            raise ExceptionGroup("none has succeeded", outcomes)

        failure = run(body).failure
        self.assertEqual(failure.name, "ExceptionGroup")
        self.assertEqual([error["message"] for error in failure.details["errors"]], ["a", "b"])
        self.assertTrue(failure.advice.never, "no step of it would run again")

    def test_d7_a_race_is_won_in_the_order_of_the_journal(self):
        async def body(ctx: Context):
            async def slow():
                await ctx.step.run("a1", lambda: 1)
                return await ctx.step.run("a2", lambda: "slow")

            racers = [asyncio.create_task(slow()), asyncio.create_task(ctx.step.run("b", lambda: "fast"))]
            done, _ = await asyncio.wait(racers, return_when=asyncio.FIRST_COMPLETED)
            return done.pop().result()

        self.assertEqual(run(body).value, "fast")

    def test_d9_a_race_of_a_sleep_and_a_wait(self):
        async def body(ctx: Context):
            wait = asyncio.create_task(ctx.step.wait_for_event("z", "never", timeout="2h"))
            nap = asyncio.create_task(ctx.step.sleep("nap", "1h"))
            done, _ = await asyncio.wait([wait, nap], return_when=asyncio.FIRST_COMPLETED)
            wait.cancel()
            return nap in done

        self.assertTrue(run(body).value)

    def test_what_is_done_is_in_the_same_order_in_each_pass(self):
        orders = []

        async def body(ctx: Context):
            tasks = [asyncio.create_task(ctx.step.run(f"a{n}", asyncio.sleep, 0)) for n in range(40)]
            done, _ = await asyncio.wait(tasks)
            orders.append([tasks.index(task) for task in done])
            await asyncio.gather(*(ctx.step.run(f"b{n}", lambda: None) for n in orders[-1]))

        run(body)
        self.assertGreater(len(orders), 40, "a pass for each step")
        self.assertEqual(orders, [orders[0]] * len(orders))

    def test_chains_go_on_by_themselves(self):
        async def body(ctx: Context):
            async def chain(id: str):
                one = await ctx.step.run(f"{id}1", lambda: 1)
                return await ctx.step.run(f"{id}2", lambda: one + 1)

            async with asyncio.TaskGroup() as group:
                chains = [group.create_task(chain(id)) for id in "ab"]
            return [chain.result() for chain in chains]

        self.assertEqual(run(body).value, [2, 2])

    def test_what_is_cancelled_before_it_is_planned_is_not_planned(self):
        async def body(ctx: Context):
            never = asyncio.create_task(ctx.step.run("never", lambda: 0))
            await asyncio.sleep(0)
            never.cancel()
            return await ctx.step.run("a", lambda: 1)

        ran = run(body)
        self.assertEqual(ran.value, 1)
        self.assertFalse(any("never" in call for call in ran.calls))
