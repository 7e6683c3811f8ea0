"""A crowd of bad clients: `python -m tests.soak.crowd PORT SECONDS CONNECTIONS CLIENTS`; prints what they saw as JSON.

A quarter of the connections each sends nothing, sends slowly, reads slowly, or hangs up after its request. The clients
ask for expensive documents again and again.
"""

import asyncio
import itertools
import json
import random
import resource
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress

_PAUSE = 5.0  # seconds between the bytes of slow connections
_PATIENCE = 60  # seconds that a client waits for an answer
_YEARS = ("2023", "2024", "2025")
_EXPENSIVE = (
    *("/all.epub", "/search.opds?limit=500", "/all.rss", "/search?limit=500&q=a", "/all.csl.json", "/all.md"),
    *(f"/{year}{suffix}" for year in _YEARS for suffix in (".epub", ".atom", ".bib")),
    *(f"/{series}{suffix}" for series in ("daily", "weekly", "monthly") for suffix in (".rss", ".atom", ".json")),
    *(f"/search.epub?q={word}" for word in ("a", "e", "모델", "학습")),
)
_CODINGS = ("identity", "gzip", "br", "zstd")

_Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Crowd:
    """The clients of one server, and what happened to them."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.counts: Counter[str] = Counter()

    async def run(self, seconds: float, connections: int, clients: int) -> None:
        """Let all of them ask for a number of seconds."""
        kinds: tuple[Callable[[], Coroutine[None, None, None]], ...] = (
            self._be_silent,
            self._send_slowly,
            self._read_slowly,
            self._hang_up,
        )
        works = [kind for kind, _ in zip(itertools.cycle(kinds), range(connections), strict=False)]
        tasks = [asyncio.create_task(self._repeat(work)) for work in [*works, *[self._ask] * clients]]
        await asyncio.sleep(seconds)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _repeat(self, work: Callable[[], Coroutine[None, None, None]]) -> None:
        await asyncio.sleep(random.uniform(0, _PAUSE))
        while True:
            try:
                await work()
            except OSError:
                self.counts["reset or refused"] += 1
                await asyncio.sleep(1)

    async def _be_silent(self) -> None:
        async with self._connection() as (reader, _):
            await reader.read()  # until the server closes it
            self.counts["silent, closed by the server"] += 1

    async def _send_slowly(self) -> None:
        async with self._connection() as (reader, writer):
            for byte in itertools.chain(_request("/latest.rss")[:-2], itertools.repeat(ord("x"))):
                writer.write(bytes([byte]))
                with suppress(TimeoutError):
                    async with asyncio.timeout(_PAUSE):
                        await reader.read(1)
                        self.counts["slow to send, closed by the server"] += 1
                        return

    async def _read_slowly(self) -> None:
        async with self._connection() as (reader, writer):
            writer.write(_request("/all.epub"))
            while await reader.read(256):
                await asyncio.sleep(_PAUSE)
            self.counts["slow to read, ended"] += 1

    async def _hang_up(self) -> None:
        async with self._connection() as (_, writer):
            writer.write(_request(_choose_path()))
            await asyncio.sleep(random.uniform(0, _PAUSE))
            writer.transport.abort()
        self.counts["hung up"] += 1
        await asyncio.sleep(_PAUSE)

    async def _ask(self) -> None:
        async with self._connection() as (reader, writer):
            writer.write(_request(_choose_path()))
            try:
                async with asyncio.timeout(_PATIENCE):
                    head = await reader.readuntil(b"\r\n\r\n")
                    while await reader.read(1 << 16):
                        pass
            except (TimeoutError, asyncio.IncompleteReadError) as error:
                self.counts[f"asked: {type(error).__name__}"] += 1
                return
        status = int(head.split()[1])
        self.counts[f"asked: {status}"] += 1
        if status == 503:
            await asyncio.sleep(1)

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[_Stream]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port, limit=1 << 16)
        self.counts["opened"] += 1
        try:
            yield reader, writer
        finally:
            with suppress(OSError):
                writer.transport.abort()


def _choose_path() -> str:
    return random.choice(_EXPENSIVE)


def _request(path: str) -> bytes:
    coding = random.choice(_CODINGS)
    lines = [f"GET {path} HTTP/1.1", "Host: 127.0.0.1", f"Accept-Encoding: {coding}", "Connection: close", "", ""]
    return "\r\n".join(lines).encode()


def main() -> None:
    """Run the crowd that the arguments describe."""
    port, seconds, connections, clients = map(int, sys.argv[1:])
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    random.seed(1)
    crowd = Crowd(port)
    asyncio.run(crowd.run(seconds, connections, clients))
    print(json.dumps(crowd.counts))


if __name__ == "__main__":
    main()
