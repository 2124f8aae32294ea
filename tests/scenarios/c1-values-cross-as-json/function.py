"""A step whose result has a part that JSON does not carry."""

from dataclasses import dataclass

from stepwell import Context, function


@dataclass
class Image:
    url: str

    def __post_init__(self) -> None:
        self.handle = 0  # no field, so that it stays here


def load() -> Image:
    image = Image("u")
    image.handle = 7
    return image


@function(id="c1", trigger="c1/go")
async def show(ctx: Context) -> tuple[str, int]:
    image = await ctx.step.run("a", load)
    ctx.log.info(f"{image.url} {image.handle}")
    await ctx.step.sleep("nap", "10s")
    return image.url, image.handle
