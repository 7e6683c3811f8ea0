"""An image server whose responses a test writes itself, well-formed or not, and images to serve."""

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
    """What a client requested."""

    path: str
    headers: Message


class Response(NamedTuple):
    """A well-formed response; its headers may contradict its body."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = {}


class RawResponse(NamedTuple):
    """Bytes to send in place of a response, `pause` seconds after each of them.

    Then the connection is closed; with `stall` it stays open, with `reset` it is reset before the first byte.
    """

    data: bytes
    pause: float = 0.0
    stall: bool = False
    reset: bool = False


Reply = Response | RawResponse | Callable[[Request], Response]


class ImageServer(socketserver.ThreadingTCPServer):
    """Gives the replies of a path in turn, the last one again and again."""

    daemon_threads = True
    allow_reuse_address = True
    block_on_close = False

    def __init__(self, address: str = "127.0.0.1", context: ssl.SSLContext | None = None) -> None:
        super().__init__((address, 0), _Handler)
        self.routes: dict[str, list[Reply]] = {}
        self.requests: list[Request] = []
        self.connections = 0
        self.max_concurrent = 0  # requests
        self.stopping = threading.Event()
        self.lock = threading.Lock()
        self.concurrent = 0
        self.context = context
        self.port = int(self.server_address[1])

    def url(self, path: str, host: str = "public.test") -> str:
        """Return the URL of a path under one of the server's host names."""
        return f"http{'s' if self.context else ''}://{host}:{self.port}{path}"

    def count_requests(self, path: str) -> int:
        """Count the requests for a path."""
        return [request.path for request in self.requests].count(path)

    def handle_error(self, *_: object) -> None:
        """Ignore clients that disconnect."""


class _Handler(socketserver.StreamRequestHandler):
    server: ImageServer

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
                replies = self.server.routes.get(request.path, [Response(404)])
                reply = replies.pop(0) if len(replies) > 1 else replies[0]
                self.server.concurrent += 1
                self.server.max_concurrent = max(self.server.max_concurrent, self.server.concurrent)
            try:
                if isinstance(reply, RawResponse):
                    self.send_raw(reply)
                    return
                self.send(reply(request) if callable(reply) else reply)
            finally:
                with self.server.lock:
                    self.server.concurrent -= 1

    def finish(self) -> None:
        self.rfile.close()
        if self.server.context:
            self.request.close()

    def send(self, response: Response) -> None:
        headers = {"Content-Length": str(len(response.body)), **response.headers}
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items() if value)
        self.request.sendall(f"HTTP/1.1 {response.status} X\r\n{head}\r\n".encode() + response.body)

    def send_raw(self, raw: RawResponse) -> None:
        if raw.reset:
            self.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.request.close()
            return
        pieces = [raw.data[at : at + 1] for at in range(len(raw.data))] if raw.pause else [raw.data]
        for piece in pieces:
            self.request.sendall(piece)
            if raw.pause and self.server.stopping.wait(raw.pause):
                return
        if raw.stall:
            self.server.stopping.wait(30)


@contextmanager
def run_image_server(address: str = "127.0.0.1", context: ssl.SSLContext | None = None) -> Iterator[ImageServer]:
    """Run an image server in a thread."""
    with ImageServer(address, context) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.stopping.set()
            server.shutdown()
            thread.join()


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait for a condition, for at most ten seconds."""
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def draw_figure(width: int = 400, height: int = 300, mode: str = "RGB", seed: int = 0) -> Image.Image:
    """Draw a figure with text and lines, another one for each seed."""
    image = Image.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(image)
    for number in range(8):
        draw.line(
            (0, number * height // 8, width, (number * 37 + seed * 11) % height), fill=(number * 30, 0, 200), width=2
        )
        draw.text((number * width // 8, height // 2), f"{seed}.{number}", fill="black")
    return image.convert(mode)


def encode(image: Image.Image, name: str, **options: object) -> bytes:
    """Encode an image in a format."""
    file = io.BytesIO()
    image.save(file, name, **options)
    return file.getvalue()


def make_png(seed: int = 0) -> bytes:
    """Return a small PNG, another one for each seed."""
    return encode(draw_figure(64, 48, seed=seed), "PNG")


def png_chunk(name: bytes, data: bytes) -> bytes:
    """Return a chunk of a PNG."""
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png_bomb(width: int, height: int, *chunks: bytes) -> bytes:
    """Return a short PNG with a large width and height in its header."""
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    pixels = png_chunk(b"IDAT", zlib.compress(bytes(100_000)))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(chunks) + pixels + png_chunk(b"IEND", b"")


def make_ssl_contexts(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Return the contexts of a server named public.test and of a client that trusts its certificate."""
    path = folder / "public.test.pem"
    path.write_text(_PEM)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(path)
    return server, ssl.create_default_context(cafile=path)


# Self-signed for public.test, valid until 2100: openssl ca -selfsign -enddate 21000101000000Z
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
