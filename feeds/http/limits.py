"""The bounds of the service: each answer has an upper bound of time, memory and size, and no load can silence it.

All are those of one worker process. What bounds an archive, a search and a document stands where these are defined:
`archive.records.MAX_FILE_SIZE`, `model.query.MAX_LIMIT`, `site.Site.latest_papers`.
"""

# Connections

MAX_CONNECTIONS = 4096
"""Open connections. For one more, that which has been idle for the longest is closed, or else the slowest."""

HEAD_SECONDS = 15.0
"""Until a request has arrived, from its first byte on, or from the connection's start on."""

KEEP_ALIVE_SECONDS = 60.0
"""Between two requests of a connection."""

STALL_SECONDS = 30.0
"""Without the client taking a byte of a response; then its connection is closed."""

LINGER_SECONDS = 2.0
"""How long a connection stays open for a client that is told to close it, or that has closed its half."""

MIN_RATE = 1024
"""Bytes per second at which a client takes a response, on average after `STALL_SECONDS`."""

MAX_HEAD = 32 * 1024
"""Bytes of a request without its content; more is answered with 431."""

MAX_CONTENT = 64 * 1024
"""Bytes of the content of a request, which nothing here needs; more is answered with 413."""

MAX_PIPELINED = 32
"""Requests that a client may send ahead of their answers, in `MAX_HEAD` bytes; then the connection is closed."""

MAX_UNSENT = 32 * 1024 * 1024
"""Bytes of the bodies that slow clients have not taken. Beyond, the slowest connection is closed."""

CHUNK = 32 * 1024
"""Bytes of a large document that are read from its file at once."""

# Requests that the cache does not answer. Where the queue of a lane is full, or its wait too long, the answer is 503.

REQUEST_THREADS = 4
"""Requests that are handled at a time. They take milliseconds: what takes longer is a rendering."""

MAX_WAITING_REQUESTS = 512
"""Requests that wait for one of these threads."""

SEARCH_THREADS = 1
"""Searches that are made at a time; each takes time that grows with the archive, and more threads would not help:
they share the interpreter with the event loop."""

MAX_WAITING_SEARCHES = 16
"""Searches that wait for one of these threads."""

MAX_REQUEST_QUEUE_SECONDS = 10.0
"""How long a request waits for a thread."""

MAX_SEARCH_QUEUE_SECONDS = 0.5
"""How long a search waits for a thread."""

REQUEST_SECONDS = 90.0
"""Until a request is answered; then with 503."""

# Renderings

MANY_PAPERS = 300
"""Documents of more papers are rendered by another process; so are files compressed that are too large for memory."""

SMALL_RENDERINGS = 1
"""Documents of few papers that are rendered at a time, within the worker."""

MAX_WAITING_SMALL = 64
"""Documents of few papers that wait to be rendered."""

LARGE_RENDERINGS = 2
"""Documents of many papers that are rendered at a time, each in a process of its own."""

MAX_WAITING_LARGE = 8
"""Documents of many papers that wait to be rendered."""

MAX_RENDERING_QUEUE_SECONDS = 30.0
"""How long a document waits until it is rendered."""

PROCESS_SECONDS = 300.0
"""Until a rendering process is stopped."""

PROCESS_MEMORY = 4 * 1024**3
"""Bytes of memory that a rendering process may allocate."""

FAILURE_SECONDS = 30.0
"""How long a document that could not be rendered is not tried again."""

MAX_RETRY_AFTER = 60
"""Seconds that a 503 asks clients to wait, at most."""

# Memory

CACHE_BYTES = 24 * 1024 * 1024
"""Documents and responses that a worker keeps."""

MAX_CACHED_BODY = 1024 * 1024
"""Bytes of the largest body that is kept in memory; larger ones are sent from files."""

DOCUMENT_CACHE_BYTES = 512 * 1024 * 1024
"""Files of the document cache, which all workers share."""

# The end of a worker

DRAIN_SECONDS = 60
"""How long a worker that is told to stop goes on rendering and sending what was asked for before."""
