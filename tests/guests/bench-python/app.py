"""Functions of benchmarks in Python: those of the guest `bench` that one instance is measured by."""

from typing import TypedDict

from stepwell import Context, function, plugin


class Steps(TypedDict):
    steps: int


class Bytes(TypedDict):
    bytes: int


@function(id="ten-steps", trigger="bench/ten-steps")
async def ten_steps(ctx: Context) -> int:
    return sum([await ctx.step.run(f"s{n}", lambda: 1) for n in range(10)])


@function(id="no-steps", trigger="bench/no-steps")
async def no_steps(ctx: Context) -> int:
    return 0


@function(id="many-steps", trigger="bench/many-steps")
async def many_steps(ctx: Context[Steps]) -> int:
    return sum([await ctx.step.run("step", lambda: 1) for _ in range(ctx.event.data["steps"])])


@function(id="payload", trigger="bench/payload")
async def payload(ctx: Context[Bytes]) -> str:
    return "x" * ctx.event.data["bytes"]


plugin(ten_steps, no_steps, many_steps, payload)
