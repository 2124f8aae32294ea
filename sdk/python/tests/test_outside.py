"""Operations that the host handles by itself: sleeps, waits, invocations, events, signals, requests."""

import unittest
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from stepwell import Backoff, Context, HttpStatusError, NewEvent
from stepwell.testing import respond

from .raw import function, run


@dataclass
class Paid:
    amount: int


class Outside(unittest.TestCase):
    def test_e1_sleeps(self):
        async def body(ctx: Context):
            await ctx.step.sleep("a", "1500ms")
            await ctx.step.sleep("b", timedelta(minutes=90))
            await ctx.step.sleep("c", "1h30m")
            await ctx.step.sleep_until("d", datetime(1970, 1, 1, 0, 1, tzinfo=UTC))
            await ctx.step.sleep_until("e", "1970-01-01T00:00:01Z")

        asked = [{"ms": 1500}, {"ms": 5_400_000}, {"ms": 5_400_000}, {"until": 60_000}, {"until": 1000}]
        self.assertEqual([options for _, options in run(body).asked], asked)

    def test_e3_e4_nonsense_is_an_error(self):
        for duration in ["banana", "", "5", "1h banana", "5 minutes", timedelta(seconds=-1), 5]:

            async def body(ctx: Context, duration=duration):
                await ctx.step.sleep("a", duration)

            failure = run(body).failure
            self.assertIn(failure.name, ("ValueError", "TypeError"))
            self.assertIn("failed to read", failure.message)
        for time in ["banana", datetime(2026, 1, 1)]:

            async def until(ctx: Context, time=time):
                await ctx.step.sleep_until("a", time)

            self.assertEqual(run(until).failure.name, "ValueError")

    def test_e5_e6_waits_for_events(self):
        async def body(ctx: Context):
            paid = await ctx.step.wait_for_event("paid", "shop/paid", match="data.order", timeout="3d", data=Paid)
            none = await ctx.step.wait_for_event("none", "shop/paid", when="async.data.amount > 1")
            return [paid.name, paid.data.amount, none]

        ran = run(body, mocks={"paid": NewEvent("shop/paid", {"amount": 7}), "none": None})
        self.assertEqual(ran.value, ["shop/paid", 7, None])
        year = 365 * 86_400_000
        asked = [
            {"event": "shop/paid", "match": "data.order", "timeout_ms": 3 * 86_400_000},
            {"event": "shop/paid", "if": "async.data.amount > 1", "timeout_ms": year},
        ]
        self.assertEqual([options for _, options in ran.asked], asked)

    def test_e11_invokes(self):
        async def other(ctx: Context) -> Paid: ...

        async def body(ctx: Context):
            one = await ctx.step.invoke("a", "risk-score", {"order": 7}, timeout="1m")
            return [one, (await ctx.step.invoke("b", function(other), Paid(1))).amount]

        ran = run(body, mocks={"a": 0.5, "b": {"amount": 2.0}})
        self.assertEqual(ran.value, [0.5, 2])
        asked = [
            ("invoke", {"function": "risk-score", "data": {"order": 7}, "timeout_ms": 60_000}),
            ("invoke", {"function": "f", "data": {"amount": 1}, "timeout_ms": 365 * 86_400_000}),
        ]
        self.assertEqual(ran.asked, asked)

    def test_e20_sends_events(self):
        async def body(ctx: Context):
            one = await ctx.step.send_event("one", "shop/shipped", {"order": 7})
            at = datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)
            return [one, await ctx.step.send_events("two", [NewEvent("a", Paid(1), id="x", at=at), NewEvent("b")])]

        ran = run(body)
        self.assertEqual(ran.value, ["event-2", ["x", "event-3"]])
        events = [{"name": "a", "data": {"amount": 1}, "id": "x", "ts": 1000}, {"name": "b", "data": {}}]
        self.assertEqual(ran.asked[1], ("send-events", {"events": events}))

    def test_e19_signals(self):
        async def body(ctx: Context):
            come = await ctx.step.wait_for_signal("a", "approved-7", timeout="1m", on_conflict="replace")
            none = await ctx.step.wait_for_signal("b", "approved-8")
            return [come.data, none, await ctx.step.send_signal("c", "s", [1])]

        ran = run(body, mocks={"a": 7, "b": None})
        self.assertEqual(ran.value, [7, None, None])
        self.assertEqual(ran.asked[0][1], {"signal": "approved-7", "timeout_ms": 60_000, "on_conflict": "replace"})
        self.assertEqual(ran.asked[2], ("send-signal", {"signal": "s", "data": [1]}))

    def test_e21_fetches(self):
        async def body(ctx: Context):
            step = ctx.step.retrying(2, backoff=Backoff.constant("1s"))
            items = await step.fetch("items", "http://a.b", method="post", headers={"X-A": "1"}, json=[1], timeout="5s")
            self.assertEqual((items.ok, items.json(), items.header("X-B")), (True, [2], "3"))
            binary = await ctx.step.fetch("binary", "http://a.b", body=b"\xff\0", redirect="manual")
            self.assertEqual((binary.status, binary.body, binary.text), (404, b"\xff\0", "\ufffd\0"))
            with self.assertRaises(HttpStatusError) as caught:
                binary.raise_for_status()
            return caught.exception.code

        mocks = {"items": respond(body="[2]", headers={"X-B": "3"}), "binary": respond(404, body=b"\xff\0")}
        ran = run(body, mocks=mocks)
        self.assertEqual(ran.value, "404")
        sent = {
            "url": "http://a.b",
            "method": "POST",
            "headers": {"x-a": "1", "content-type": "application/json"},
            "body": "[1]",
            "timeout_ms": 5000,
            "retries": 2,
            "backoff": {"kind": "constant", "ms": 1000},
        }
        self.assertEqual(ran.asked[0], ("fetch", sent))
        sent = {"url": "http://a.b", "method": "GET", "body": "/wA=", "is_base64": True, "redirect": "manual"}
        self.assertEqual(ran.asked[1], ("fetch", sent))
