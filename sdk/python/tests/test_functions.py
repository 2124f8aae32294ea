"""Functions: what the host is told of them, and what their handlers are called with."""

import json
import unittest
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from enum import Enum
from pathlib import Path
from typing import Literal

import stepwell
from stepwell import (
    Backoff,
    Batch,
    CancelOn,
    Concurrency,
    Context,
    Debounce,
    RateLimit,
    Singleton,
    Throttle,
    Timeouts,
    Trigger,
)
from stepwell.models import read
from stepwell.registry import functions, plugin

from .raw import function, run


class Color(Enum):
    RED = "red"


@dataclass
class Part:
    made: date


@dataclass
class Product:
    sku: str
    price: float = 0
    color: Color = Color.RED
    parts: list[Part] = field(default_factory=list)
    size: Literal["s", "m"] | None = None


class Definitions(unittest.TestCase):
    def options(self, **given):
        async def body(ctx: Context): ...

        return stepwell.function(id="f", **given)(body).options

    def test_triggers(self):
        self.assertEqual(self.options(), {"triggers": []})
        triggers = ["a/b", Trigger.event("c/*", when="event.data.x > 1"), Trigger.cron("0 9 * * 1", jitter="30s")]
        wanted = [
            {"event": "a/b"},
            {"event": "c/*", "if": "event.data.x > 1"},
            {"cron": "0 9 * * 1", "jitter": "30000ms"},
        ]
        self.assertEqual(self.options(trigger=triggers), {"triggers": wanted})

    def test_retries(self):
        options = self.options(trigger="e", retries=0, backoff=Backoff.table(), jitter="1s")
        wanted = {"triggers": [{"event": "e"}], "retries": 0, "backoff": {"kind": "table"}, "jitter_ms": 1000}
        self.assertEqual(options, wanted)

    def test_flow(self):
        options = self.options(
            concurrency=[Concurrency(10), Concurrency(1, key="event.data.c", scope="env")],
            run_concurrency=2,
            throttle=Throttle(1, "5s", burst=2, key="k"),
            rate_limit=RateLimit(1, "1m"),
            debounce=Debounce("10s", timeout="1m"),
            batch=Batch(3, "5s", when="true"),
            priority="event.data.p",
            singleton=Singleton("cancel", key="k"),
            idempotency="event.data.id",
            cancel_on=CancelOn("x", match="data.id", timeout="1h"),
            timeouts=Timeouts(start="10s", finish="1h"),
        )
        wanted = {
            "triggers": [],
            "concurrency": [{"limit": 10, "scope": "fn"}, {"limit": 1, "key": "event.data.c", "scope": "env"}],
            "run_concurrency": {"limit": 2, "scope": "fn"},
            "throttle": {"limit": 1, "period_ms": 5000, "burst": 2, "key": "k"},
            "rate_limit": {"limit": 1, "period_ms": 60000},
            "debounce": {"period_ms": 10000, "timeout_ms": 60000},
            "batch": {"max_size": 3, "timeout_ms": 5000, "if": "true"},
            "priority": "event.data.p",
            "singleton": {"mode": "cancel", "key": "k"},
            "idempotency": "event.data.id",
            "cancel_on": [{"event": "x", "match": "data.id", "timeout_ms": 3600000}],
            "timeouts": {"start_ms": 10000, "finish_ms": 3600000},
        }
        self.assertEqual(options, wanted)

    def test_what_is_given_is_in_the_published_schema(self):
        schema = json.loads(
            (Path(stepwell.__file__).parent / "wit/deps/stepwell/function-options.schema.json").read_text()
        )
        parameters = set(stepwell.function.__kwdefaults__) - {"name", "trigger"}
        known = {name.removesuffix("_ms") for name in schema["properties"]} - {"triggers"}
        self.assertEqual(parameters, known)

    def test_mistakes_are_told_at_once(self):
        with self.assertRaisesRegex(TypeError, "async def"):
            stepwell.function(id="f")(lambda ctx: 1)
        with self.assertRaisesRegex(TypeError, "of functions"):
            plugin(lambda ctx: 1)

        async def body(ctx: Context): ...

        self.addCleanup(functions.clear)
        one = function(body)
        plugin(one)
        plugin(one)
        self.assertEqual(functions, {"f": one})
        with self.assertRaisesRegex(ValueError, 'the id "f"'):
            plugin(function(body))


class Data(unittest.TestCase):
    def test_it_is_plain_unless_told(self):
        async def body(ctx: Context):
            return [ctx.event.data["a"], len(ctx.events), ctx.event.time.isoformat(), ctx.run_id, ctx.max_attempts]

        self.assertEqual(run(body, {"a": 1}).value, [1, 1, "1970-01-01T00:00:01.500000+00:00", "run-1", 2])

    def test_it_is_read_as_the_annotation_says(self):
        async def body(ctx: Context[Product]):
            self.assertEqual(ctx.event.data, Product("A1", 5, Color.RED, [Part(date(2026, 1, 2))], "m"))
            return [event.data.sku for event in ctx.events]

        data = {"sku": "A1", "price": 5, "color": "red", "parts": [{"made": "2026-01-02"}], "size": "m", "more": 1}
        self.assertEqual(run(body, data, [{"sku": "A2"}]).value, ["A1", "A2"])

    def test_what_does_not_fit_is_told_and_not_retried(self):
        async def body(ctx: Context[Product]): ...

        for data, says in [
            ({}, '"sku" is missing'),
            ({"sku": 5}, "5 is not str"),
            ({"sku": "a", "parts": [{"made": 5}]}, '"parts": "0": "made": 5 is not str'),
            ({"sku": "a", "size": "x"}, "'x' is not one of 's', 'm'"),
            ({"sku": "a", "price": True}, "True is not int or float"),
        ]:
            failure = run(body, data).failure
            self.assertEqual(failure.name, "DeserializeError")
            self.assertIn(says, failure.message)
            self.assertTrue(failure.advice.never)

    def test_other_types(self):
        self.assertEqual(read(dict[str, Part], {"a": {"made": "2026-01-02"}}, "x"), {"a": Part(date(2026, 1, 2))})
        self.assertEqual(read(tuple[int, ...], [1, 2], "x"), (1, 2))
        self.assertEqual(read(datetime, "1970-01-01T00:00:00Z", "x"), datetime(1970, 1, 1, tzinfo=UTC))
        self.assertIsNone(read(None, None, "x"))

    def test_models_of_pydantic(self):
        try:
            from pydantic import BaseModel
        except ImportError:
            self.skipTest("pydantic is not installed")

        class Order(BaseModel):
            id: int

        async def body(ctx: Context[Order]):
            order = await ctx.step.run("a", echo, ctx.event.data)
            return [order.id, order]

        def echo(order: Order) -> Order:
            return order

        self.assertEqual(run(body, {"id": "7"}).value, [7, {"id": 7}])
        self.assertIn("failed to read the event", run(body, {"id": "x"}).failure.message)
