"""Steps in sequence and side by side, and a failure that its handler reports: what the contract is tried with."""

import asyncio
import json

from componentize_py_types import Ok
from driver import drive
from wit_world import exports
from wit_world.exports import functions
from wit_world.imports import steps, types


async def trial(step):
    one = await step.run("one", lambda: 1)

    async def add():
        return one + 1

    two = await step.run("two", add)
    left, right = await asyncio.gather(step.run("left", lambda: two + 1), step.run("right", lambda: two + 2))
    return {"one": one, "two": two, "left": left, "right": right}


async def trial_fails(step):
    def breaks():
        raise RuntimeError("the card was declined") from ValueError("no funds")

    await step.run("kept", lambda: {"reservation": 7})
    await step.run("breaks", breaks)


async def report(step, error):
    kept = steps.failed_step(types.OperationKey("kept", 0))
    return await step.run(
        "report",
        lambda: {
            "message": error.message,
            "cause": error.causes[0].message if error.causes else None,
            "step": error.step.id if error.step else None,
            "kept": json.loads(kept.value) if isinstance(kept, Ok) else None,
        },
    )


BODIES = {"trial": trial, "trial-fails": trial_fails}


class Functions(exports.Functions):
    def describe(self):
        return [define("trial", False, "trial/go", 1), define("trial-fails", True, "trial/fail", 0)]

    def run(self, context):
        return drive(BODIES[context.function_id])


class FailureHandler(exports.FailureHandler):
    def on_failure(self, context, error):
        return drive(lambda step: report(step, error))


def define(id, has_failure_handler, event, retries):
    options = json.dumps({"triggers": [{"event": event}], "retries": retries})
    return functions.Definition(id, "", has_failure_handler, options)
