"""Has a language model summarize a page, as often as the model's rate limit demands."""

import os
from dataclasses import dataclass

import model

from stepwell import Context, FailureContext, NonRetriableError, Response, function, plugin

# How often a model that is busy is asked again.
BUSY_MAX = 5


@dataclass
class Page:
    """The data of `docs/page.changed`."""

    page: str
    text: str


@dataclass
class Summary:
    page: str
    summary: str


@function(id="summarize", name="Summarize page", trigger="docs/page.changed")
async def summarize(ctx: Context[Page]) -> Summary:
    """What the model has answered is recorded: whatever fails later, it is not asked, or paid, a second time."""
    page = ctx.event.data
    answer = await ask(ctx, f"Summarize this page in one sentence:\n\n{page.text}")
    summary = await ctx.step.run("read-answer", model.read_answer, answer.text)
    return Summary(page.page, summary)


async def ask(ctx: Context[Page], question: str) -> Response:
    """Asks until the model is not busy.

    A response is a result and recorded, that of a busy model too: asking again is another operation, with an id of its
    own, and the time that the model asks for is a sleep between the two.
    """
    for n in range(BUSY_MAX + 1):
        answer = await ctx.step.fetch(
            f"ask-{n}",
            f"{os.environ['MODEL_URL']}/v1/messages",
            method="POST",
            headers={"authorization": f"Bearer {os.environ['MODEL_TOKEN']}"},
            json=model.request(question),
            timeout="60s",
        )
        if answer.ok:
            return answer
        if not model.is_busy(answer):
            raise NonRetriableError(f"the model refuses with {answer.status}: {answer.text}")
        ctx.log.warn("the model is busy", status=answer.status)
        await ctx.step.sleep(f"while-busy-{n}", model.retry_after(answer))
    raise NonRetriableError(f"the model was busy {BUSY_MAX + 1} times")


@summarize.on_failure
async def give_up(ctx: FailureContext) -> str:
    """The page stays without a summary, and its author is told why."""
    page = ctx.event.data.event.data.get("page", "an unknown page")
    message = f"{page} has no summary ({ctx.error})"

    def tell() -> str:
        ctx.log.error(message)  # A real one would write to the page's author.
        return message

    return await ctx.step.run("tell-author", tell)


plugin(summarize)
