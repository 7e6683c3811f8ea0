"""Range requests (RFC 9110 section 14), of one range of bytes; other requests are answered with the whole document."""

import re

from werkzeug.wrappers import Request, Response

_SINGLE_RANGE = re.compile(r"bytes=(?:(\d{1,18})-(\d{0,18})|-(\d{1,18}))", re.ASCII)


def apply_range(request: Request, response: Response, length: int, *, is_permitted: bool) -> None:
    """Turn a 200 into a 206 or 416 if the request asks for one range of the `length` bytes and that is permitted."""
    environ = {"REQUEST_METHOD": request.method}  # the conditions were evaluated before
    value = request.headers.get("Range", "")
    match = _SINGLE_RANGE.fullmatch(value)
    first, last, suffix = match.groups(default="") if match else ("", "", "")
    is_usable = match is not None and not (last and int(last) < int(first))
    if request.method == "GET" and is_permitted and is_usable:
        # Werkzeug would answer 416 to a suffix that is longer than the document.
        environ["HTTP_RANGE"] = "bytes=0-" if suffix and int(suffix) >= length else value
    response.make_conditional(environ, accept_ranges=True, complete_length=length)
