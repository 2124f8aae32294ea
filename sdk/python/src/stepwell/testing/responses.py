"""Responses, as a test has `step.fetch` come to them."""

from collections.abc import Mapping
from typing import Any

from .. import values
from ..fetch import Response, encoded


def respond(
    status: int = 200, *, json: object = None, body: str | bytes = b"", headers: Mapping[str, str] | None = None
) -> Response:
    """A response, for `TestHost.mock`.

    >>> host.mock("items", respond(json=[{"sku": "mug-42"}]))
    """
    told = {name.lower(): value for name, value in (headers or {}).items()}
    if json is not None:
        told.setdefault("content-type", "application/json")
        body = values.write(json, "response's body")
    return Response(status, told, body.encode() if isinstance(body, str) else body)


def as_contract(response: Response) -> dict[str, Any]:
    """As `wit/found-options.schema.json` has it."""
    told: dict[str, Any] = {"status": response.status, "headers": dict(response.headers), "body": ""}
    told |= {} if response.url is None else {"url": response.url}
    return told | encoded(response.body)
