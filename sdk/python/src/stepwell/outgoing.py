"""An HTTP request and its response, over `wasi:http`. Each handle is given back as soon as it has served."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from componentize_py_types import Err, Ok
from wit_world.imports import monotonic_clock, outgoing_handler, poll, streams
from wit_world.imports import wasi_http_types as http

_READ_BYTES = 64 << 10
_METHODS = {
    "GET": http.Method_Get,
    "HEAD": http.Method_Head,
    "POST": http.Method_Post,
    "PUT": http.Method_Put,
    "DELETE": http.Method_Delete,
    "OPTIONS": http.Method_Options,
    "PATCH": http.Method_Patch,
}
# Of one connection, which the host makes.
_OF_CONNECTION = {"connection", "host", "keep-alive", "proxy-connection", "te", "transfer-encoding", "upgrade"}


@dataclass(frozen=True)
class Request:
    """A request as a client sends it."""

    method: str
    is_secure: bool
    authority: str
    """`host` or `host:port`."""
    target: str
    """Path and query."""
    headers: list[tuple[str, bytes]]
    body: bytes


class Response:
    """A response, whose body is read on demand."""

    def __init__(self, status: int, headers: list[tuple[str, bytes]], body: Iterator[bytes]) -> None:
        self.status = status
        self.headers = headers
        self.body = body


def send(request: Request, timeout_s: float | None) -> Response:
    """Makes the request.

    Raises:
        TimeoutError: nothing came for as long.
        ConnectionError, PermissionError: the host says why there is no response.
    """
    pending, outgoing = _begin(request)
    with pending:
        _upload(outgoing, request.body, timeout_s)
        _wait(pending.subscribe(), timeout_s)
        result = pending.get()
        match result:
            case Ok(Ok(response)):
                return _response(response, timeout_s)
            case Ok(Err(code)):
                raise _explained(code, request)
            case _:
                raise ConnectionError(f"{request.authority} did not answer")


def _begin(request: Request) -> tuple[Any, Any]:
    kept = [(name, value) for name, value in request.headers if name.lower() not in _OF_CONNECTION]
    try:
        fields = http.Fields.from_list(kept)
    except Err as error:
        raise ValueError(f"a header of the request to {request.authority} is invalid: {error.value}") from None
    outgoing = http.OutgoingRequest(fields)
    method = _METHODS.get(request.method)
    outgoing.set_method(method() if method else http.Method_Other(request.method))
    outgoing.set_scheme(http.Scheme_Https() if request.is_secure else http.Scheme_Http())
    outgoing.set_authority(request.authority)
    outgoing.set_path_with_query(request.target)
    body = outgoing.body()
    try:
        return outgoing_handler.handle(outgoing, None), body
    except Err as error:
        raise _explained(error.value, request) from None


def _upload(outgoing: Any, body: bytes, timeout_s: float | None) -> None:
    """Writes the body. If the other side takes no more of it, the response says why."""
    try:
        with outgoing.write() as stream:
            at = 0
            while at < len(body):
                room = stream.check_write()
                if room == 0:
                    _wait(stream.subscribe(), timeout_s)
                stream.write(body[at : at + room])
                at += room
            stream.flush()
        http.OutgoingBody.finish(outgoing, None)
    except Err:
        pass


def _response(response: Any, timeout_s: float | None) -> Response:
    with response:
        status = response.status()
        with response.headers() as fields:
            headers = fields.entries()
        incoming = response.consume()
    return Response(status, headers, _chunks(incoming, timeout_s))


def _chunks(incoming: Any, timeout_s: float | None) -> Iterator[bytes]:
    with ExitStack() as held:
        held.enter_context(incoming)
        stream = held.enter_context(incoming.stream())
        while True:
            try:
                chunk: bytes = stream.read(_READ_BYTES)
            except Err as error:
                if isinstance(error.value, streams.StreamError_Closed):
                    return
                raise _broken(error.value.value) from None
            if chunk:
                yield chunk
            else:
                _wait(stream.subscribe(), timeout_s)


def _wait(pollable: Any, timeout_s: float | None) -> None:
    """Ends when something is ready."""
    with pollable, _timer(timeout_s) as timer:
        ready = poll.poll([pollable, *timer])
        if 0 not in ready:
            raise TimeoutError("timed out")


@contextmanager
def _timer(timeout_s: float | None) -> Iterator[list[Any]]:
    if timeout_s is None:
        yield []
        return
    with monotonic_clock.subscribe_duration(int(timeout_s * 1_000_000_000)) as timer:
        yield [timer]


def _broken(error: Any) -> OSError:
    with error:
        code = http.http_error_code(error)
        said = error.to_debug_string()
    return ConnectionResetError(f"the response's body broke off: {_said(code) if code else said}")


def _explained(code: Any, request: Request) -> OSError:
    """The host's reason, as the exception that clients know."""
    denied = (http.ErrorCode_HttpRequestDenied, http.ErrorCode_DestinationIpProhibited)
    if isinstance(code, denied):
        return PermissionError(
            f"{request.authority} is not granted to this plugin: add it to `hosts` in stepwell.toml, or to "
            "`private_hosts` if its address is a private one"
        )
    if isinstance(code, http.ErrorCode_ConnectionRefused):
        return ConnectionRefusedError(f"{request.authority} refused the connection")
    if "Timeout" in type(code).__name__:
        return TimeoutError(f"{request.authority} did not answer in time: {_said(code)}")
    return ConnectionError(f"the request to {request.authority} failed: {_said(code)}")


def _said(code: Any) -> str:
    """`ErrorCode_DnsError(value=…)` as `DnsError …`."""
    name = type(code).__name__.removeprefix("ErrorCode_")
    value = getattr(code, "value", None)
    return name if value is None else f"{name} {value}"
