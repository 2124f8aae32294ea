"""Requests that the host makes for the function, and their responses."""

import base64
import json as json_module
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from . import values
from .duration import Duration, not_negative
from .errors import DeserializeError, HttpStatusError


@dataclass(frozen=True)
class Response:
    """A response, whatever its status."""

    status: int
    headers: Mapping[str, str]
    """By their names in small letters. Several of one name are one, with commas between them."""
    body: bytes = field(repr=False)
    url: str | None = None
    """Where redirects have led; `None` without any."""

    @property
    def ok(self) -> bool:
        """Whether its status says that all went well: 200 to 299."""
        return 200 <= self.status < 300

    @property
    def text(self) -> str:
        """The body as text, with `�` for invalid bytes."""
        return self.body.decode("utf-8", "replace")

    def header(self, name: str) -> str | None:
        """A header, its name in whatever case."""
        return self.headers.get(name.lower())

    def json(self) -> Any:
        """The body read as JSON; an error otherwise, which is not worth a retry, since the response is recorded."""
        try:
            return json_module.loads(self.body)
        except ValueError as error:
            raise DeserializeError(f"failed to read the response's body as JSON: {error}") from error

    def raise_for_status(self) -> "Response":
        """The response, if its status is a success; an `HttpStatusError` otherwise, not worth a retry either."""
        if not self.ok:
            raise HttpStatusError(self.status)
        return self

    @classmethod
    def __stepwell_read__(cls, told: Any) -> "Response":
        return cls(told["status"], told["headers"], decoded(told), told.get("url"))


def request(
    url: str,
    method: str,
    headers: Mapping[str, str] | None,
    json: object,
    body: str | bytes | None,
    timeout: Duration | None,
    redirect: Literal["follow", "manual", "error"],
) -> dict[str, Any]:
    """As `wit/found-options.schema.json` has it."""
    sent = {name.lower(): value for name, value in (headers or {}).items()}
    if json is not None:
        body = values.write(json, "request's body")
        sent.setdefault("content-type", "application/json")
    options: dict[str, Any] = {"url": url, "method": method.upper()}
    if sent:
        options["headers"] = sent
    if timeout is not None:
        options["timeout_ms"] = not_negative(timeout)
    if redirect != "follow":
        options["redirect"] = redirect
    return options | encoded(body or b"")


def decoded(told: Mapping[str, Any]) -> bytes:
    """The body of a request or a response that is told as the contract has it."""
    body: str = told.get("body", "")
    return base64.b64decode(body) if told.get("is_base64") else body.encode()


def encoded(body: str | bytes) -> dict[str, Any]:
    """The same the other way."""
    data = body.encode() if isinstance(body, str) else bytes(body)
    try:
        return {"body": data.decode()} if data else {}
    except UnicodeDecodeError:
        return {"body": base64.b64encode(data).decode(), "is_base64": True}
