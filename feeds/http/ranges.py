"""Range requests (RFC 9110 section 14), of one range of bytes; other requests are answered with the whole document."""

import re

from werkzeug.wrappers import Request, Response

_SINGLE_RANGE = re.compile(r"bytes=(?:(\d{1,18})-(\d{0,18})|-(\d{1,18}))")


def apply_range(request: Request, response: Response, length: int) -> None:
    """Turn a 200 into a 206 or 416 if the request asks for one range of the `length` bytes."""
    environ = dict(request.environ)
    match = _SINGLE_RANGE.fullmatch(environ.get("HTTP_RANGE", ""))
    first, last, suffix = match.groups(default="") if match else ("", "", "")
    if request.method != "GET" or not match or (last and int(last) < int(first)):
        environ.pop("HTTP_RANGE", None)
    elif suffix and int(suffix) >= length:
        environ["HTTP_RANGE"] = "bytes=0-"  # Werkzeug would answer 416
    environ.pop("HTTP_IF_NONE_MATCH", None)  # evaluated before
    environ.pop("HTTP_IF_MODIFIED_SINCE", None)
    response.make_conditional(environ, accept_ranges=True, complete_length=length)
