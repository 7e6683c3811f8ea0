"""An S3 service on 127.0.0.1, by moto, which records its requests and fails on demand."""

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple
from urllib.parse import quote
from uuid import uuid4

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from obstore.store import ObjectStore
from werkzeug.serving import WSGIRequestHandler, make_server

from feeds.publishing.bucket import MANIFEST, open_store
from tests.support.servers import Answer, ask

_SIGNED = {"Authorization": "AWS4-HMAC-SHA256 Credential=key/20240130/us-east-1/s3/aws4_request"}  # enough for moto


class Request(NamedTuple):
    """A request: its method, and the name of the object."""

    method: str
    name: str


class S3Bucket:
    """A new, empty bucket. `on_request` is called before each request; it may return a status to answer with."""

    DONE_BUT_503 = -1  # a status: do what is requested, then answer with 503

    def __init__(self, port: int) -> None:
        self.name = f"bucket-{uuid4().hex[:12]}"
        self.url = f"s3://{self.name}"
        self.requests: list[Request] = []
        self.on_request: Callable[[Request], int | None] = lambda _: None
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
        return open_store(self.url)

    def names(self) -> set[str]:
        """List the objects without the manifest."""
        return {entry["path"] for page in self.store().list() for entry in page} - {MANIFEST}

    def sent_names(self) -> list[str]:
        """List the objects that were sent, in their order, without the manifest."""
        return [request.name for request in self.requests if request.method == "PUT" and request.name != MANIFEST]


class _Service:
    """The service as a WSGI app."""

    def __init__(self) -> None:
        self.buckets: dict[str, S3Bucket] = {}
        self._moto = DomainDispatcherApplication(create_backend_app)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        _, name, *rest = environ["PATH_INFO"].encode("latin-1").decode().split("/", 2)
        if (bucket := self.buckets.get(name)) and ((rest and rest[0]) or environ["REQUEST_METHOD"] == "POST"):
            request = Request(environ["REQUEST_METHOD"], rest[0] if rest else "")
            bucket.requests.append(request)
            if status := bucket.on_request(request):
                if status == S3Bucket.DONE_BUT_503:
                    b"".join(self._moto(environ, lambda *_: None))
                    status = 503
                else:
                    environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
                start_response(f"{status} On demand", [("Content-Length", "0")])
                return [b""]
        response: Iterable[bytes] = self._moto(environ, start_response)
        return response


class _Handler(WSGIRequestHandler):
    """Handles requests without a log."""

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002  # the name of the base class
        """Log nothing."""


@contextmanager
def run_s3() -> Iterator[Callable[[], S3Bucket]]:
    """Run the service, and give a function that creates a bucket."""
    service = _Service()
    server = make_server("127.0.0.1", 0, service, threaded=True, request_handler=_Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()

    def create_bucket() -> S3Bucket:
        bucket = S3Bucket(server.server_port)
        assert ask(server.server_port, f"/{bucket.name}", _SIGNED, method="PUT").status == 200
        service.buckets[bucket.name] = bucket
        return bucket

    try:
        yield create_bucket
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
