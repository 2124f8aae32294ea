"""Clients that people know, each against a server of the test's."""

import asyncio
import socket
import ssl
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import anyio
import httpx
import jwt
import requests

from stepwell import Context, StepError, function, plugin

# Made when the plugin is built, as many are.
CLIENT = httpx.AsyncClient(timeout=5)
SESSION = requests.Session()
CONTEXT = ssl.create_default_context()


@function(id="clients", trigger="python/clients", retries=0)
async def clients(ctx: Context) -> dict[str, Any]:
    url, zone = ctx.event.data["url"], ctx.event.data["zone"]
    steps: dict[str, Callable[[], Any]] = {
        "async httpx": lambda: by_async_httpx(url),
        "httpx": lambda: by_httpx(url),
        "requests": lambda: by_requests(url),
        "urllib": lambda: by_urllib(url),
        "a redirect": lambda: redirected(url),
        "gzip": lambda: len(httpx.get(f"{url}/gzip").content),
        "megabytes": lambda: len(requests.get(f"{url}/size/9000000").content),
        "a redirect to what is not granted": lambda: redirected_away(url),
        "what is not granted": lambda: requests.get("http://denied.example/").text,
        "who never answers": lambda: requests.get(f"{url}/silent", timeout=0.3).text,
        "a socket": by_socket,
        "asyncio's": by_asyncio,
        "anyio's": by_anyio,
        "a token": lambda: jwt.decode(jwt.encode({"a": 1}, "s" * 32), "s" * 32, algorithms=["HS256"]),
        "a zone": lambda: datetime(2026, 7, 1, 12, tzinfo=UTC).astimezone(ZoneInfo(zone)).isoformat(),
        "no zone": lambda: str(ZoneInfo("Mars/Olympus")),
    }
    return {name: await came_to(ctx, name, step) for name, step in steps.items()}


async def came_to(ctx: Context, name: str, step: Callable[[], Any]) -> Any:
    try:
        return await ctx.step.run(name, step)
    except StepError as error:
        return f"{error.name}: {error.message}"


async def by_async_httpx(url: str) -> list[Any]:
    response = await CLIENT.post(f"{url}/echo", json={"a": 1})
    async with CLIENT.stream("GET", f"{url}/size/100000") as stream:
        streamed = sum([len(chunk) async for chunk in stream.aiter_bytes()])
    return [response.status_code, response.text, streamed]


def by_httpx(url: str) -> list[Any]:
    with httpx.Client(verify=CONTEXT) as client:
        sent = client.put(f"{url}/echo", content=iter([b"x" * 70_000, b"y"]))
        return [sent.text, client.get(f"{url}/none").status_code]


def by_requests(url: str) -> list[Any]:
    first = SESSION.put(f"{url}/echo", data=b"x" * 100_000, headers={"x-a": "secret"})
    return [first.text, SESSION.head(f"{url}/hello").status_code, SESSION.get(f"{url}/hello").text]


def by_urllib(url: str) -> str:
    with urllib.request.urlopen(f"{url}/hello", timeout=5) as response:
        text: str = response.read().decode()
    return text


def redirected(url: str) -> list[Any]:
    response = requests.get(f"{url}/redirect/302/to/hello", allow_redirects=False)
    followed = requests.get(f"{url}/redirect/302/to//hello")
    return [response.status_code, followed.text]


def redirected_away(url: str) -> str:
    return requests.get(f"{url}/redirect/302/to/http://denied.example/").text


def by_socket() -> bytes:
    connection = socket.create_connection(("localhost", 5432))
    connection.sendall(b"\x00\x00\x00\x08\x04\xd2\x16\x2f")
    return connection.recv(1)


async def by_asyncio() -> str:
    await asyncio.open_connection("localhost", 5432)
    return "open"


async def by_anyio() -> int:
    event = anyio.Event()
    event.set()
    await event.wait()
    return 1


plugin(clients)
