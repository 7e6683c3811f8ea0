"""The connections of a worker: HTTP/1.1 (RFC 9112) on an event loop, so that slow clients take no thread.

A connection is closed when its client takes too long to send a request or to take a response. A worker holds little
for it: the bodies of responses are shared with the cache, or read from a file piece by piece.
"""

import asyncio
import logging
import re
import time
from collections import OrderedDict, deque
from collections.abc import Iterator
from email.utils import formatdate
from enum import Enum, auto
from typing import TYPE_CHECKING, NamedTuple, cast
from urllib.parse import quote_from_bytes, unquote_to_bytes

import httptools

from feeds.http import limits
from feeds.http.gateway import Answer, Gateway, plain_answer
from feeds.http.request import Request, request_id

if TYPE_CHECKING:
    from uvicorn import Config
    from uvicorn.server import ServerState

_SWEEP_INTERVAL = 1.0  # seconds
_PIECE = 8 * 1024  # bytes that are parsed at once: so much may a request be larger than it should
_log = logging.getLogger(__name__)


class Connections:
    """All connections of a worker, their limits, and the gateway that answers them."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self.date = b""  # the header of that name
        self._all: set[Connection] = set()
        self._is_sweeping = False
        self._idle: OrderedDict[Connection, None] = OrderedDict()  # the first has been for the longest
        self._sending: OrderedDict[Connection, int] = OrderedDict()  # the identity of the body; likewise
        self._bodies: dict[int, tuple[int, int]] = {}  # by identity: the size, and how many connections send it
        self._unsent = 0  # bytes of these bodies

    def add(self, connection: "Connection") -> None:
        """Count a connection; one too many closes that which has been idle for the longest, or else the slowest."""
        self._all.add(connection)
        if not self._is_sweeping:
            self._sweep()
        if len(self._all) > limits.MAX_CONNECTIONS:
            superfluous = next(iter(self._idle), None) or next(iter(self._sending), connection)
            self.remove(superfluous)
            superfluous.abort()

    def remove(self, connection: "Connection") -> None:
        """Forget a closed connection."""
        self._all.discard(connection)
        self._idle.pop(connection, None)
        self.release(connection)

    def set_idle(self, connection: "Connection", *, is_idle: bool) -> None:
        """Note whether a connection waits for its client to send something, or to close."""
        self._idle.pop(connection, None)
        if is_idle:
            self._idle[connection] = None

    def hold(self, connection: "Connection", body: bytes) -> None:
        """Count the bytes that a slow client has not taken; too many of them close the slowest connection."""
        size, senders = self._bodies.get(id(body), (len(body), 0))
        self._bodies[id(body)] = (size, senders + 1)
        self._unsent += 0 if senders else size
        self._sending[connection] = id(body)
        while self._unsent > limits.MAX_UNSENT:
            slowest = next(iter(self._sending))
            self.release(slowest)
            slowest.abort()

    def release(self, connection: "Connection") -> None:
        """Count a body no more: it was taken, or its connection closed."""
        name = self._sending.pop(connection, None)
        if name is None:
            return
        size, senders = self._bodies.pop(name)
        if senders > 1:
            self._bodies[name] = (size, senders - 1)
        else:
            self._unsent -= size

    def _sweep(self) -> None:
        """Close connections whose time is up, every second as long as there are any."""
        self._is_sweeping = bool(self._all)
        if self._is_sweeping:
            asyncio.get_running_loop().call_later(_SWEEP_INTERVAL, self._sweep)
        self.date = f"Date: {formatdate(usegmt=True)}\r\n".encode()
        now = time.monotonic()
        for connection in list(self._all):
            connection.close_if_slow(now)
        self.gateway.refresh()
        self.gateway.write_metrics(len(self._all))


class _Message(NamedTuple):
    """A request, or if it cannot be passed on its answer; and whether another may follow it."""

    request: Request
    refusal: Answer | None
    keeps_alive: bool


class _State(Enum):
    READING = auto()  # the client has to send a request
    ANSWERING = auto()  # the gateway has to answer it
    SENDING = auto()  # the client has to take the answer
    LINGERING = auto()  # the client has to close; what it still sends is ignored (RFC 9112 section 9.6)


class Connection(asyncio.Protocol):
    """The connection of a client. Uvicorn creates it, with all connections as the app that it loaded."""

    _transport: asyncio.Transport

    def __init__(self, config: "Config", server_state: "ServerState", **_: object) -> None:
        self._connections: Connections = config.loaded_app
        self._gateway = self._connections.gateway
        self._server = server_state
        self._client = ""
        self._state = _State.READING
        self._since = time.monotonic()  # of the state, or of the first byte of a request
        self._has_answered = False
        self._is_last = False  # no other request follows the present ones
        self._is_ending = False  # the server ends
        self._ended: float | None = None  # when the client said that it sends nothing more
        self._messages: deque[_Message] = deque()  # that wait for their turn
        self._waiting_bytes = 0  # of these, about
        self._task: asyncio.Task[None] | None = None  # which answers
        self._resumed: asyncio.Event | None = None  # set when the client has taken all; None if it has
        self._answer_in_turn: Answer | None = None  # not longer than needed: it may be large
        self._written = self._unsent = 0  # bytes of the present answer
        self._progress = 0.0  # when the client last took some
        self._begin_message()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for a request."""
        self._transport = transport = cast("asyncio.Transport", transport)
        transport.set_write_buffer_limits(high=0)  # so that we are told of all that is not sent at once
        self._client = (transport.get_extra_info("peername") or ("",))[0]
        self._server.connections.add(self)  # type: ignore[arg-type]  # a type of uvicorn's own protocols
        self._connections.add(self)
        self._connections.set_idle(self, is_idle=True)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # asyncio's name
        """Stop the work for a client that is gone."""
        self._server.connections.discard(self)
        self._connections.remove(self)
        self._is_last = True
        self._messages.clear()
        self._note_answer(unsent=self._transport.get_write_buffer_size())
        if self._task and self._state is _State.ANSWERING:
            self._task.cancel()
        elif self._resumed:
            self._resumed.set()  # the task finds the connection closed

    def data_received(self, data: bytes) -> None:
        """Read requests; refuse what is too large, and what is not HTTP."""
        for start in range(0, len(data), _PIECE):
            piece = data[start : start + _PIECE]
            while piece and not self._is_last:
                piece = self._parse(piece)

    def eof_received(self) -> bool:
        """Answer what was asked for: perhaps the client closed only its half. Return True to keep ours open."""
        self._ended = time.monotonic()
        self._is_last = True
        return self._state in (_State.ANSWERING, _State.SENDING)

    def pause_writing(self) -> None:
        """Note that the client is slower than we are."""
        self._resumed = asyncio.Event()
        self._unsent, self._progress = self._transport.get_write_buffer_size(), time.monotonic()

    def resume_writing(self) -> None:
        """Go on, since the client has taken everything."""
        if self._resumed:
            self._resumed.set()
        self._resumed = None
        if self._state is _State.SENDING and self._task is None:
            self._finish()

    def shutdown(self) -> None:
        """Finish what was asked for, even if the request is still on its way, then close."""
        self._is_ending = True
        if self._state is not _State.READING:
            self._is_last = True
        elif self._is_between_requests:
            self._transport.close()

    def abort(self) -> None:
        """Close at once."""
        self._is_last = True
        self._messages.clear()
        self._transport.abort()

    def close_if_slow(self, now: float) -> None:
        """Close if the client takes too long."""
        if self._state is _State.READING:
            seconds = limits.KEEP_ALIVE_SECONDS if self._is_between_requests else limits.HEAD_SECONDS
            if now - self._since > (limits.LINGER_SECONDS if self._is_ending else seconds):
                self._transport.close()
        elif self._state is _State.ANSWERING and self._ended:
            if now - self._ended > limits.LINGER_SECONDS:
                self.abort()
        elif self._state is _State.LINGERING:
            if now - self._since > limits.LINGER_SECONDS:
                self.abort()
        elif self._state is _State.SENDING and self._resumed:
            unsent = self._transport.get_write_buffer_size()
            if unsent != self._unsent:
                self._unsent, self._progress = unsent, now
            duration = now - self._since
            is_slow = duration > limits.STALL_SECONDS and self._written - unsent < limits.MIN_RATE * duration
            if is_slow or now - self._progress > limits.STALL_SECONDS:
                self.abort()

    @property
    def _is_between_requests(self) -> bool:
        return self._has_answered and not self._has_begun

    # Requests

    def _parse(self, data: bytes) -> bytes:
        """Give data to the parser, which calls the methods `on_…`; return what it has not read."""
        data = data if self._has_begun or data.isascii() else _ascii_target(data)
        self._received += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:  # which a server may ignore (RFC 9110 section 7.8)
            self._begin_message()
            return data[upgrade.args[0] :]
        except httptools.HttpParserCallbackError:
            _log.exception("a request failed")
            self.abort()
        except httptools.HttpParserError:
            self._refuse(400, "this is no request of HTTP/1.1")
        if self._received > (limits.MAX_CONTENT if self._has_head else limits.MAX_HEAD):
            status, part = (413, "content") if self._has_head else (431, "head")
            self._refuse(status, f"the {part} of the request is too large")
        return b""

    def on_message_begin(self) -> None:
        """Note the first byte of a request."""
        self._has_begun = True
        if self._state is _State.READING:
            self._since = time.monotonic()

    def on_url(self, url: bytes) -> None:
        """Take a part of the target."""
        self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a field; the values of one name are joined (RFC 9110 section 5.3), those of trailers ignored."""
        if self._has_head:
            return
        key, text = name.decode("latin-1").lower(), value.decode("latin-1").strip(" \t")
        self._hosts += key == "host"
        self._headers[key] = f"{self._headers[key]}, {text}" if key in self._headers else text

    def on_headers_complete(self) -> None:
        """Send for the content if the client waits for that, and if it is not too large."""
        self._has_head = True
        if int(self._headers.get("content-length", "0")) > limits.MAX_CONTENT:
            self._refuse(413, "the content of the request is too large")
        is_awaited = self._headers.get("expect", "").lower() == "100-continue"
        if is_awaited and self._state is _State.READING and self._parser.get_http_version() == "1.1":
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_message_complete(self) -> None:
        """Answer the request, after those before it."""
        if self._is_last:
            return
        message = self._message()
        self._waiting_bytes = self._received + (self._waiting_bytes if self._messages else 0)
        is_much = len(self._messages) + 1 == limits.MAX_PIPELINED or self._waiting_bytes > limits.MAX_HEAD
        self._is_last = not message.keeps_alive or self._is_ending or is_much
        self._begin_message(self._parser)
        self._messages.append(message)
        if self._state is _State.READING:
            self._answer_next()

    def _begin_message(self, parser: "httptools.HttpRequestParser | None" = None) -> None:
        self._parser = parser or httptools.HttpRequestParser(self)
        self._target = b""
        self._headers: dict[str, str] = {}
        self._hosts = 0
        self._received = 0  # bytes of the message, about
        self._has_begun = self._has_head = False

    def _message(self) -> _Message:
        version = self._parser.get_http_version()
        path, _, query = _origin_form(self._target).partition(b"?")
        request = Request(
            self._parser.get_method().decode("latin-1"),
            unquote_to_bytes(path).decode("latin-1"),
            query.decode("latin-1"),
            version,
            self._headers,
            self._client,
            request_id(self._headers),
        )
        refusal = None
        if version not in ("1.0", "1.1"):
            refusal = plain_answer(505, "this server speaks HTTP/1.1")
        elif self._hosts != 1 and (version == "1.1" or self._hosts):
            refusal = plain_answer(400, "a request has one Host")
        elif not path:
            refusal = plain_answer(400, "the request target must be a path such as /latest")
        keeps_alive = refusal is None and self._parser.should_keep_alive()
        if self._parser.should_upgrade() and not {"content-length", "transfer-encoding"}.isdisjoint(self._headers):
            keeps_alive = False  # the parser does not read the content, which must not pass for another request
        return _Message(request, refusal, keeps_alive)

    def _refuse(self, status: int, reason: str) -> None:
        """Answer what cannot be parsed, after the requests before it."""
        if self._is_last:
            return
        self._is_last = True
        request = Request("", self._target.decode("latin-1"), "", "1.1", {}, self._client, request_id({}))
        self._messages.append(_Message(request, plain_answer(status, reason), keeps_alive=False))
        if self._state is _State.READING:
            self._answer_next()

    # Answers

    def _answer_next(self) -> None:
        """Answer the next request, or wait for one."""
        if not self._messages:
            self._since, self._state = time.monotonic(), _State.READING
            self._connections.set_idle(self, is_idle=True)
            return
        self._connections.set_idle(self, is_idle=False)
        self._asked, self._state = time.monotonic(), _State.ANSWERING
        self._message_in_turn = self._messages.popleft()
        request, refusal, _ = self._message_in_turn
        answer = refusal or self._gateway.find(request)
        if answer:
            self._send(answer)
        else:
            self._task = asyncio.get_running_loop().create_task(self._answer(request))

    async def _answer(self, request: Request) -> None:
        """Have the gateway answer; this is cancelled if the client closes meanwhile."""
        answer = await self._gateway.answer(request)
        if isinstance(answer.body, bytes):
            self._task = None
            self._send(answer)
        else:
            await self._stream(answer, answer.body)
            self._task = None
            self._finish()

    def _send(self, answer: Answer) -> None:
        self._begin_answer(answer)
        parts = [self._head(answer)]
        if isinstance(answer.body, bytes) and self._has_body(answer):
            parts.append(answer.body)
        self._written = sum(map(len, parts))
        self._transport.writelines(parts)
        if self._resumed is None:
            self._finish()
        elif len(parts) > 1:
            self._connections.hold(self, parts[1])

    async def _stream(self, answer: Answer, chunks: Iterator[bytes]) -> None:
        """Send a body chunk by chunk. Threads read it, since that may wait for the disk."""
        self._begin_answer(answer)
        self._write(self._head(answer))
        loop = asyncio.get_running_loop()
        try:
            while self._has_body(answer):
                chunk = await loop.run_in_executor(None, next, chunks, b"")
                if not chunk or self._transport.is_closing():
                    break
                self._write(chunk)
                if self._resumed:
                    self._connections.hold(self, chunk)
                    await self._resumed.wait()
                    self._connections.release(self)
        except Exception as error:
            _log.error("%s: %r: %s", self._message_in_turn.request.id, self._message_in_turn.request.path, error)
            self.abort()  # the client would take the next answer for the rest of this one
        finally:
            await loop.run_in_executor(None, _close, chunks)

    def _begin_answer(self, answer: Answer) -> None:
        self._since, self._state = time.monotonic(), _State.SENDING
        self._answer_in_turn, self._written = answer, 0

    def _write(self, data: bytes) -> None:
        self._written += len(data)
        self._transport.write(data)

    def _head(self, answer: Answer) -> bytes:
        connection = b""
        if self._is_last and not self._messages:
            connection = b"Connection: close\r\n"
        elif self._message_in_turn.request.version == "1.0":
            connection = b"Connection: keep-alive\r\n"
        return b"".join((answer.head, self._connections.date, connection, b"\r\n"))

    def _has_body(self, answer: Answer) -> bool:
        return self._message_in_turn.request.method != "HEAD" and answer.status not in (204, 304)

    def _finish(self) -> None:
        """Go on with the next request, or close."""
        self._connections.release(self)
        self._has_answered = True
        self._note_answer(unsent=0)
        if self._messages or not self._is_last:
            self._answer_next()
        elif self._ended or self._transport.is_closing():
            self._transport.close()
        else:
            self._since, self._state = time.monotonic(), _State.LINGERING
            self._connections.set_idle(self, is_idle=True)
            self._transport.write_eof()

    def _note_answer(self, unsent: int) -> None:
        if self._answer_in_turn:
            request, seconds = self._message_in_turn.request, time.monotonic() - self._asked
            self._gateway.note(request, self._answer_in_turn, self._written - unsent, seconds)
            self._answer_in_turn = None


def _ascii_target(data: bytes) -> bytes:
    """Encode the UTF-8 of a request's first line, which llhttp refuses in a query, and some programs send."""
    line, separator, rest = data.partition(b"\n")
    return quote_from_bytes(line, safe=bytes(range(128))).encode() + separator + rest


def _origin_form(target: bytes) -> bytes:
    """Return the path and the query of a request target; empty if it has none (RFC 9112 section 3.2)."""
    if target.startswith(b"/") or target == b"*":
        return target
    absolute = re.match(rb"https?://[^/?]*", target, re.IGNORECASE)
    path = target[absolute.end() :] if absolute else b""
    return b"/" + path if absolute and not path.startswith(b"/") else path


def _close(chunks: Iterator[bytes]) -> None:
    close = getattr(chunks, "close", None)
    if close:
        close()
