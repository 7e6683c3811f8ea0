"""Asks a gateway without connections."""

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from feeds.http.gateway import Answer, Gateway
from feeds.http.request import Request
from web import create_app

Result = TypeVar("Result")


def open_gateway(archive: Path, environ: dict[str, str]) -> Gateway:
    """Create the gateway of an archive's app."""
    return Gateway(create_app(archive, environ).extensions["feeds"])


def request(path: str, method: str = "GET", **headers: str) -> Request:
    """Return a request; in the names of headers, `_` stands for `-`."""
    target, _, query = path.partition("?")
    fields = {name.replace("_", "-").lower(): value for name, value in headers.items()}
    return Request(method, target, query, "1.1", {"host": "localhost", **fields}, "127.0.0.1", "id")


def ask(gateway: Gateway, *requests: Request) -> list[Answer]:
    """Send requests at once, and wait for the answers."""

    async def answer_all() -> list[Answer]:
        return await asyncio.gather(*map(gateway.answer, requests))

    return run(answer_all())


def run(coroutine: Coroutine[Any, Any, Result]) -> Result:
    """Run a coroutine in a thread of its own: the browser of other tests leaves an event loop in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, coroutine).result()
