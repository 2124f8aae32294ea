"""The model's API, as it is spoken to over HTTP."""

import json
from datetime import timedelta
from typing import Any

from stepwell import NonRetriableError, Response

NAME = "small-model"
BUSY_WAIT = timedelta(seconds=10)


def request(question: str) -> dict[str, Any]:
    return {"model": NAME, "messages": [{"role": "user", "content": question}]}


def is_busy(answer: Response) -> bool:
    """Whether it is worth to ask again: there are too many requests, or something is wrong on the model's side."""
    return answer.status == 429 or answer.status >= 500


def retry_after(answer: Response) -> timedelta:
    """When to ask again: as the model says, or else a little later."""
    seconds = answer.header("retry-after") or ""
    return timedelta(seconds=int(seconds)) if seconds.isdecimal() else BUSY_WAIT


def read_answer(text: str) -> str:
    """What the model says: `{"content": [{"text": …}]}`."""
    try:
        content: list[dict[str, str]] = json.loads(text)["content"]
        return "".join(part["text"] for part in content)
    except (ValueError, KeyError, TypeError) as error:
        raise NonRetriableError("the model's answer is not what its API promises") from error
