"""Sleeps until a time that is over, until right now, and until one to come."""

from datetime import UTC, datetime, timedelta

from stepwell import Context, function


@function(id="e3", trigger="e3/go")
async def sleep(ctx: Context) -> str:
    await ctx.step.sleep_until("long ago", "1970-01-01T00:00:01Z")
    await ctx.step.sleep_until("an hour ago", datetime.now(UTC) - timedelta(hours=1))
    await ctx.step.sleep_until("now", datetime.now(UTC))
    await ctx.step.sleep_until("in a minute", datetime.now(UTC) + timedelta(minutes=1))
    return "awake"
