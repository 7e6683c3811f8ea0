"""A server of pictures that does as badly as it is told, and pictures to serve."""

import io
import socket
import socketserver
import ssl
import struct
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from email.message import Message
from http.client import parse_headers
from pathlib import Path
from typing import NamedTuple

from PIL import Image, ImageDraw


class Request(NamedTuple):
    """What a client asked."""

    path: str
    headers: Message


class Answer(NamedTuple):
    """An answer as it should be, but for what its fields say."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = {}


class Raw(NamedTuple):
    """Bytes in place of an answer; `pause` seconds after each of them. The connection ends, or with `stall` stays."""

    data: bytes
    pause: float = 0.0
    stall: bool = False
    reset: bool = False


Reply = Answer | Raw | Callable[[Request], Answer]


class Server(socketserver.ThreadingTCPServer):
    """Answers each path with its replies in turn, the last one for good."""

    daemon_threads = True
    allow_reuse_address = True
    block_on_close = False

    def __init__(self, address: str = "127.0.0.1", context: ssl.SSLContext | None = None) -> None:
        super().__init__((address, 0), _Handler)
        self.routes: dict[str, list[Reply]] = {}
        self.requests: list[Request] = []
        self.connections = 0
        self.at_once = 0  # the most connections that asked for something at the same time
        self.over = threading.Event()
        self.lock = threading.Lock()
        self.asking = 0
        self.context = context
        self.port = int(self.server_address[1])

    def url(self, path: str, host: str = "public.test") -> str:
        """Say the address of a path under a name of the server."""
        return f"http{'s' if self.context else ''}://{host}:{self.port}{path}"

    def asked(self, path: str) -> int:
        """Count the requests for a path."""
        return [request.path for request in self.requests].count(path)

    def handle_error(self, *_: object) -> None:
        """Keep quiet about clients that go away."""


class _Handler(socketserver.StreamRequestHandler):
    server: Server

    def handle(self) -> None:
        with self.server.lock:
            self.server.connections += 1
        if self.server.context:
            self.request = self.server.context.wrap_socket(self.request, server_side=True)
            self.rfile = self.request.makefile("rb")
        while line := self.rfile.readline():
            request = Request(line.split()[1].decode(), parse_headers(self.rfile))
            with self.server.lock:
                self.server.requests.append(request)
                replies = self.server.routes.get(request.path, [Answer(404)])
                reply = replies.pop(0) if len(replies) > 1 else replies[0]
                self.server.asking += 1
                self.server.at_once = max(self.server.at_once, self.server.asking)
            try:
                if isinstance(reply, Raw):
                    self.ramble(reply)
                    return
                self.answer(reply(request) if callable(reply) else reply)
            finally:
                with self.server.lock:
                    self.server.asking -= 1

    def finish(self) -> None:
        self.rfile.close()
        if self.server.context:
            self.request.close()

    def answer(self, answer: Answer) -> None:
        fields = {"Content-Length": str(len(answer.body)), **answer.headers}
        head = "".join(f"{name}: {value}\r\n" for name, value in fields.items() if value)
        self.request.sendall(f"HTTP/1.1 {answer.status} X\r\n{head}\r\n".encode() + answer.body)

    def ramble(self, raw: Raw) -> None:
        if raw.reset:
            self.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.request.close()
            return
        pieces = [raw.data[at : at + 1] for at in range(len(raw.data))] if raw.pause else [raw.data]
        for piece in pieces:
            self.request.sendall(piece)
            if raw.pause and self.server.over.wait(raw.pause):
                return
        if raw.stall:
            self.server.over.wait(30)


@contextmanager
def running(address: str = "127.0.0.1", context: ssl.SSLContext | None = None) -> Iterator[Server]:
    """Run a server until the work with it is done."""
    with Server(address, context) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.over.set()
            server.shutdown()
            thread.join()


def eventually(holds: Callable[[], bool]) -> None:
    """Wait until something holds, for at most ten seconds."""
    deadline = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def figure(width: int = 400, height: int = 300, mode: str = "RGB", seed: int = 0) -> Image.Image:
    """Draw a figure with text and lines."""
    picture = Image.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(picture)
    for number in range(8):
        draw.line(
            (0, number * height // 8, width, (number * 37 + seed * 11) % height), fill=(number * 30, 0, 200), width=2
        )
        draw.text((number * width // 8, height // 2), f"{seed}.{number}", fill="black")
    return picture.convert(mode)


def encoded(picture: Image.Image, name: str, **options: object) -> bytes:
    """Write a picture in a format."""
    file = io.BytesIO()
    picture.save(file, name, **options)
    return file.getvalue()


def png(seed: int = 0) -> bytes:
    """Write a small figure that is like no other."""
    return encoded(figure(64, 48, seed=seed), "PNG")


def chunk(name: bytes, data: bytes) -> bytes:
    """Write a part of a PNG."""
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def bomb(width: int, height: int, *parts: bytes) -> bytes:
    """Write a PNG that says it is large, and holds next to nothing."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    lines = chunk(b"IDAT", zlib.compress(bytes(100_000)))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(parts) + lines + chunk(b"IEND", b"")


def trusted(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Make the two ends of TLS: a server called public.test, and a client that trusts it."""
    path = folder / "public.test.pem"
    path.write_text(_PEM)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(path)
    return server, ssl.create_default_context(cafile=path)


# For public.test, by itself, until 2100: openssl ca -selfsign -enddate 21000101000000Z
_PEM = """-----BEGIN EC PRIVATE KEY-----
MHcCAQEEII8iibeBdZix7RZkE/ZNCnFcyfzax0cKFFUAp6XZVh85oAoGCCqGSM49
AwEHoUQDQgAEYtv/ITBlE2Vll08E/RYVGN25PuJkoPvKXLiMKzMWNK6hnbVP6Rmt
XtAjbyVISa4VzBKFU0Zd2/IM+vogenOMKw==
-----END EC PRIVATE KEY-----
-----BEGIN CERTIFICATE-----
MIIBZzCCAQ2gAwIBAgIBATAKBggqhkjOPQQDAjAWMRQwEgYDVQQDDAtwdWJsaWMu
dGVzdDAgFw0yMDAxMDEwMDAwMDBaGA8yMTAwMDEwMTAwMDAwMFowFjEUMBIGA1UE
AwwLcHVibGljLnRlc3QwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAARi2/8hMGUT
ZWWXTwT9FhUY3bk+4mSg+8pcuIwrMxY0rqGdtU/pGa1e0CNvJUhJrhXMEoVTRl3b
8gz6+iB6c4wro0owSDAWBgNVHREEDzANggtwdWJsaWMudGVzdDAPBgNVHRMBAf8E
BTADAQH/MB0GA1UdDgQWBBSpVrc50RavuXBZ5vzR5q8jFCUb7zAKBggqhkjOPQQD
AgNIADBFAiA3FUY4R08j6SVhfqKd9plzKCVnHrIVKqsl/Mn3H2WnbQIhAJAxI0eC
6P9SexjRqcyHiUuP/EwxFbQAsdmX2GDtBaF8
-----END CERTIFICATE-----
"""
