"""Welcomes a user, and after three days sends what fits what the user has done by then."""

from dataclasses import dataclass

from stepwell import CancelOn, Context, function, plugin


@dataclass
class User:
    """The data of `app/user.signed-up`."""

    user: str
    email: str


@dataclass
class Onboarded:
    user: str
    mails: list[str]


def send(mail: str, email: str) -> str:
    """A real one would send an email here; answers its number."""
    return f"{mail} to {email}"


@function(
    id="onboard-user",
    name="Onboard user",
    trigger="app/user.signed-up",
    cancel_on=CancelOn("app/user.deleted", match="data.user"),
)
async def onboard_user(ctx: Context[User]) -> Onboarded:
    """It takes up to ten days, and is in memory for a few milliseconds of them."""
    user = ctx.event.data

    await ctx.step.run("send-welcome", send, "welcome", user.email)
    post = await ctx.step.wait_for_event("first-post", "app/post.created", match="data.user", timeout="3d")
    if post is not None:
        await ctx.step.run("send-congratulations", send, "congratulations", user.email)
        return Onboarded(user.user, ["welcome", "congratulations"])

    await ctx.step.run("send-tips", send, "tips", user.email)
    await ctx.step.sleep("a-week", "7d")
    await ctx.step.run("send-reminder", send, "reminder", user.email)
    return Onboarded(user.user, ["welcome", "tips", "reminder"])


plugin(onboard_user)
