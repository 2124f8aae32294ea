"""Sockets for clients that speak HTTP: what they write is sent as a request by the host, under the plugin's grants.

A plugin has no sockets. Clients in Python write a request to one and read the response from it: `http.client`, and so
`urllib` and `requests`, and `httpx`. This one understands what they write. Anything else is refused with a clear error.
"""

import io
import socket
from collections.abc import Generator
from http import HTTPStatus
from typing import Any

from .errors import NoSocketsError
from .outgoing import Request, Response, send

_HEAD_END = b"\r\n\r\n"
_WITHOUT_BODY = (204, 304)
_REASONS = {status.value: status.phrase for status in HTTPStatus}


def refuse(*_: Any, **__: Any) -> Any:
    """Stands for each function that only a real socket could have."""
    raise NoSocketsError


class PluginSocket:
    """A connection to one host and port."""

    is_secure = False

    def __init__(self, family: int = -1, type: int = -1, proto: int = -1, fileno: int | None = None) -> None:
        if fileno is not None or type == socket.SOCK_DGRAM:
            raise NoSocketsError
        self.family = socket.AF_INET if family == -1 else family
        self.type = socket.SOCK_STREAM
        self.proto = max(proto, 0)
        self._readers = 0
        self._is_closed = False
        self._timeout: float | None = socket.getdefaulttimeout()
        self._peer: tuple[str, int] = ("", 0)
        self._written = bytearray()
        self._answer = _nothing()
        self._rest = b""

    def connect(self, address: tuple[Any, ...]) -> None:
        """Remembers where requests go. The host connects."""
        self._peer = (str(address[0]), int(address[1]))

    def connect_ex(self, address: tuple[Any, ...]) -> int:
        self.connect(address)
        return 0

    def sendall(self, data: Any, flags: int = 0) -> None:
        self._written += bytes(data)
        if not _may_be_request(self._written):
            raise NoSocketsError
        if request := self._request():
            self._written.clear()
            self._rest = b""
            self._answer = _bytes_of(request.method, send(request, self._timeout))

    def send(self, data: Any, flags: int = 0) -> int:
        self.sendall(data)
        return len(data)

    def recv(self, size: int, flags: int = 0) -> bytes:
        if not self._rest:
            self._rest = next((part for part in self._answer if part), b"")
        data, self._rest = self._rest[:size], self._rest[size:]
        return data

    def recv_into(self, buffer: Any, nbytes: int = 0, flags: int = 0) -> int:
        data = self.recv(nbytes or len(buffer))
        memoryview(buffer).cast("B")[: len(data)] = data
        return len(data)

    def makefile(self, mode: str = "r", buffering: int | None = None, **_: Any) -> io.BufferedReader:
        if "r" not in mode or "b" not in mode:
            raise NoSocketsError
        self._readers += 1
        return io.BufferedReader(_Reader(self))

    def settimeout(self, timeout: float | None) -> None:
        self._timeout = timeout

    def gettimeout(self) -> float | None:
        return self._timeout

    def setblocking(self, flag: bool) -> None:
        self._timeout = None if flag else 0.0

    def getpeername(self) -> tuple[str, int]:
        return self._peer

    def getsockname(self) -> tuple[str, int]:
        return ("127.0.0.1", 0)

    def setsockopt(self, *_: Any) -> None:
        """Options are those of the host's connection."""

    def getsockopt(self, *_: Any) -> int:
        return 0

    def fileno(self) -> int:
        """A number that no file has: `select` is the SDK's own."""
        return -1 if self._is_closed else 1_000_000

    def shutdown(self, how: int) -> None:
        """There is nothing to shut."""

    def close(self) -> None:
        """Closes the connection once all that read from it are closed."""
        self._is_closed = True
        self._drop()

    def reader_closed(self) -> None:
        self._readers -= 1
        self._drop()

    def _drop(self) -> None:
        if self._is_closed and self._readers == 0:
            self._answer.close()
            self._answer = _nothing()

    def detach(self) -> int:
        return -1

    def __enter__(self) -> "PluginSocket":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    bind = listen = accept = sendto = recvfrom = sendmsg = recvmsg = refuse

    def _request(self) -> Request | None:
        """The request that was written, once it is whole."""
        head, end, rest = bytes(self._written).partition(_HEAD_END)
        if not end:
            return None
        first, *lines = head.split(b"\r\n")
        method, target, _ = first.decode("latin-1").split(" ", 2)
        headers = [_header(line) for line in lines]
        known = {name.lower(): value for name, value in headers}
        body = _body(known, rest)
        if body is None:
            return None
        authority = known.get("host", b"").decode("latin-1") or f"{self._peer[0]}:{self._peer[1]}"
        return Request(method, self.is_secure, authority, target, headers, body)


class _Reader(io.RawIOBase):
    def __init__(self, connection: PluginSocket) -> None:
        self._connection = connection

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._connection.recv_into(buffer)

    def close(self) -> None:
        if not self.closed:
            super().close()
            self._connection.reader_closed()


class SecureSocket(PluginSocket):
    """A connection with TLS. The host makes it, and checks certificates."""

    is_secure = True

    @property
    def _sslobj(self) -> "SecureSocket":
        return self

    def do_handshake(self, *_: Any) -> None:
        """The host does it."""

    def getpeercert(self, binary_form: bool = False) -> Any:
        return b"" if binary_form else {}

    def selected_alpn_protocol(self) -> None:
        return None

    def version(self) -> str:
        return "TLSv1.3"

    def cipher(self) -> None:
        return None

    def unwrap(self) -> PluginSocket:
        return self


def select(read: list[Any], write: list[Any], exceptional: list[Any], timeout: float | None = None) -> Any:
    """Stands for `select.select`: nothing comes unasked, and a connection always takes a request."""
    return [], list(write), []


def _nothing() -> Generator[bytes, None, None]:
    yield from ()


def _may_be_request(written: bytearray) -> bool:
    """Whether a method begins it: `GET /`."""
    method, space, _ = bytes(written[:32]).partition(b" ")
    is_method = method.isalpha() and method.isupper()
    return is_method and (bool(space) or len(written) < 32)


def _header(line: bytes) -> tuple[str, bytes]:
    name, _, value = line.partition(b":")
    return name.decode("latin-1"), value.strip()


def _body(headers: dict[str, bytes], rest: bytes) -> bytes | None:
    """The body, once it is whole."""
    if b"chunked" in headers.get("transfer-encoding", b"").lower():
        return _unchunked(rest)
    length = int(headers.get("content-length", b"0"))
    return rest[:length] if len(rest) >= length else None


def _unchunked(rest: bytes) -> bytes | None:
    body = bytearray()
    while True:
        size, end, rest = rest.partition(b"\r\n")
        if not end:
            return None
        length = int(size.split(b";")[0], 16)
        if len(rest) < length + 2:
            return None
        if length == 0:
            return bytes(body)
        body += rest[:length]
        rest = rest[length + 2 :]


def _bytes_of(method: str, response: Response) -> Generator[bytes, None, None]:
    """The response, as it would come over a connection."""
    reason = _REASONS.get(response.status, "")
    has_body = method != "HEAD" and response.status not in _WITHOUT_BODY
    is_sized = any(name.lower() == "content-length" for name, _ in response.headers)
    yield f"HTTP/1.1 {response.status} {reason}\r\n".encode("latin-1")
    for name, value in response.headers:
        if name.lower() not in ("connection", "transfer-encoding"):
            yield name.encode("latin-1") + b": " + value + b"\r\n"
    if has_body and not is_sized:
        yield b"transfer-encoding: chunked\r\n"
    yield b"\r\n"
    if not has_body:
        return
    for chunk in response.body:
        yield chunk if is_sized else f"{len(chunk):x}\r\n".encode() + chunk + b"\r\n"
    if not is_sized:
        yield b"0\r\n\r\n"
