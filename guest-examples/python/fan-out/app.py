"""Sends a newsletter to all its readers side by side, and counts those who cannot be reached."""

import asyncio
from dataclasses import dataclass, field

from stepwell import Context, NonRetriableError, StepError, function, plugin


@dataclass
class Issue:
    """The data of `newsletter/issue.ready`."""

    issue: str
    readers: int
    bounces: list[str] = field(default_factory=list)
    """Addresses that do not exist any more."""


@dataclass
class Sent:
    """The data of `newsletter/issue.sent`."""

    issue: str
    sent: int


@dataclass
class Delivery:
    sent: int
    bounced: list[str]


class BouncedError(NonRetriableError):
    """There is no such address, and there will not be."""


def load_readers(count: int) -> list[str]:
    return [f"reader-{n}@example.com" for n in range(count)]


def send(issue: str, address: str, bounces: list[str]) -> str:
    """A real one would send an email here; answers its number."""
    if address in bounces:
        raise BouncedError(f"{address} does not exist")
    return f"{issue} to {address}"


@function(id="send-newsletter", name="Send newsletter", trigger="newsletter/issue.ready")
async def send_newsletter(ctx: Context[Issue]) -> Delivery:
    """A step for each reader: each has retries of its own, and none is written to twice if another one fails."""
    issue = ctx.event.data
    readers = await ctx.step.run("load-readers", load_readers, issue.readers)

    mails = (
        ctx.step.run(f"send-to-{n}", send, issue.issue, address, issue.bounces) for n, address in enumerate(readers)
    )
    outcomes = await asyncio.gather(*mails, return_exceptions=True)
    bounced = [address for address, outcome in zip(readers, outcomes, strict=True) if has_bounced(outcome)]
    sent = len(readers) - len(bounced)

    await ctx.step.send_event("tell", "newsletter/issue.sent", Sent(issue.issue, sent))
    return Delivery(sent, bounced)


def has_bounced(outcome: str | BaseException) -> bool:
    """Whether the reader cannot be reached. Whatever else went wrong fails the run."""
    if isinstance(outcome, StepError) and outcome.name == "BouncedError":
        return True
    if isinstance(outcome, BaseException):
        raise outcome
    return False


@function(id="count-issue", name="Count issue", trigger="newsletter/issue.sent")
async def count_issue(ctx: Context[Sent]) -> Sent:
    """Knows nothing of who has sent it."""
    return ctx.event.data


plugin(send_newsletter, count_issue)
