"""The smallest plugin: one function with one step."""

from dataclasses import dataclass

from stepwell import Context, function, plugin


@dataclass
class Visitor:
    name: str


@function(id="hello", trigger="demo/hello")
async def hello(ctx: Context[Visitor]) -> str:
    return await ctx.step.run("greet", lambda: f"Hello, {ctx.event.data.name}!")


plugin(hello)
