"""An S3 service on 127.0.0.1, by moto, which tells what it was asked and fails when told to."""

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple
from urllib.parse import quote
from uuid import uuid4

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from obstore.store import ObjectStore
from werkzeug.serving import WSGIRequestHandler, make_server

from feeds.publishing import bucket
from tests.support.servers import Answer, ask

_SIGNED = {"Authorization": "AWS4-HMAC-SHA256 Credential=key/20240130/us-east-1/s3/aws4_request"}  # enough for moto


class Asked(NamedTuple):
    """A request: its method, and the name of the object."""

    method: str
    name: str


class Bucket:
    """A bucket of its own, empty at first. `on_request` is called before each request, and may return a status."""

    DONE_BUT_503 = -1  # a status: do as asked, and say that it failed

    def __init__(self, port: int) -> None:
        self.name = f"bucket-{uuid4().hex[:12]}"
        self.url = f"s3://{self.name}"
        self.asked: list[Asked] = []
        self.on_request: Callable[[Asked], int | None] = lambda _: None
        self.environ = {
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        }
        self._port = port

    def get(self, name: str) -> Answer:
        """Get an object, with its headers."""
        return ask(self._port, quote(f"/{self.name}/{name}"), _SIGNED)

    def store(self) -> ObjectStore:
        """Open the bucket; `environ` must be in the environment."""
        return bucket.open_store(self.url)

    def names(self) -> set[str]:
        """List the objects, the manifest not among them."""
        return {each["path"] for page in self.store().list() for each in page} - {bucket.MANIFEST}

    def count(self, method: str) -> int:
        """Count the requests of a method."""
        return sum(each.method == method for each in self.asked)


class _Service:
    """The service, as WSGI sees it."""

    def __init__(self) -> None:
        self.buckets: dict[str, Bucket] = {}
        self._moto = DomainDispatcherApplication(create_backend_app)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        _, name, *rest = environ["PATH_INFO"].encode("latin-1").decode().split("/", 2)
        if (bucket := self.buckets.get(name)) and ((rest and rest[0]) or environ["REQUEST_METHOD"] == "POST"):
            asked = Asked(environ["REQUEST_METHOD"], rest[0] if rest else "")
            bucket.asked.append(asked)
            if status := bucket.on_request(asked):
                if status == Bucket.DONE_BUT_503:
                    b"".join(self._moto(environ, lambda *_: None))
                    status = 503
                else:
                    environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
                start_response(f"{status} Told", [("Content-Length", "0")])
                return [b""]
        answer: Iterable[bytes] = self._moto(environ, start_response)
        return answer


class _Handler(WSGIRequestHandler):
    """Answers without a log."""

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002  # as it is called there
        """Say nothing."""


@contextmanager
def s3() -> Iterator[Callable[[], Bucket]]:
    """Run the service; call what is given for a new bucket."""
    service = _Service()
    server = make_server("127.0.0.1", 0, service, threaded=True, request_handler=_Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()

    def new() -> Bucket:
        bucket = Bucket(server.server_port)
        assert ask(server.server_port, f"/{bucket.name}", _SIGNED, method="PUT").status == 200
        service.buckets[bucket.name] = bucket
        return bucket

    try:
        yield new
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
