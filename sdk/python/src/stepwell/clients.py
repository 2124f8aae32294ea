"""Makes HTTP clients work in a component: to be called before a plugin's own modules are imported."""

import select
import socket
import sys
from collections.abc import AsyncIterator, Iterator
from typing import Any

from . import sockets, tls

_REFUSED = (
    "create_server",
    "fromfd",
    "gethostbyaddr",
    "gethostbyname",
    "gethostbyname_ex",
    "getnameinfo",
    "if_nameindex",
    "socketpair",
)


def install() -> None:
    """Puts the SDK's sockets in the place of Python's, and mends `httpx` if the plugin has it."""
    sys.modules["ssl"] = tls
    socket.socket = socket.SocketType = sockets.PluginSocket  # type: ignore[misc, assignment]
    socket.getaddrinfo = _unresolved
    socket.gethostname = socket.getfqdn = lambda *_: "plugin"
    select.select = sockets.select  # type: ignore[assignment]
    # Who finds no `poll` takes `select`.
    for name in ("poll", "epoll", "kqueue"):
        vars(select).pop(name, None)
    for name in _REFUSED:
        setattr(socket, name, sockets.refuse)
    _install_in_httpx()


def _unresolved(host: Any, port: Any, *_: Any, **__: Any) -> list[tuple[Any, ...]]:
    """The name itself: the host resolves it, and checks what it resolves to."""
    name = host.decode() if isinstance(host, bytes) else host or "localhost"
    return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (name, int(port or 0)))]


def _install_in_httpx() -> None:
    """`httpx.AsyncClient` waits for sockets by asyncio, which has none: its requests are made as `Client`'s."""
    try:
        import httpx  # type: ignore[import-not-found]
    except ImportError:
        return

    class Body(httpx.AsyncByteStream):  # type: ignore[misc]
        def __init__(self, stream: Any) -> None:
            self._stream = stream

        async def __aiter__(self) -> AsyncIterator[bytes]:
            for chunk in self._stream:
                yield chunk

        async def aclose(self) -> None:
            self._stream.close()

    class Sent(httpx.SyncByteStream):  # type: ignore[misc]
        def __init__(self, body: bytes) -> None:
            self._body = body

        def __iter__(self) -> Iterator[bytes]:
            yield self._body

    class Transport(httpx.AsyncBaseTransport):  # type: ignore[misc]
        """Stands for `httpx.AsyncHTTPTransport`, by `httpx.HTTPTransport`."""

        def __init__(self, *_: Any, **__: Any) -> None:
            self._transport = httpx.HTTPTransport()

        async def handle_async_request(self, request: Any) -> Any:
            body = b"".join([chunk async for chunk in request.stream])
            sent = httpx.Request(request.method, request.url, headers=request.headers, stream=Sent(body))
            sent.extensions = request.extensions
            response = self._transport.handle_request(sent)
            return httpx.Response(
                response.status_code,
                headers=response.headers,
                stream=Body(response.stream),
                extensions=response.extensions,
            )

        async def aclose(self) -> None:
            self._transport.close()

    httpx.AsyncHTTPTransport = Transport
    httpx._client.AsyncHTTPTransport = Transport
