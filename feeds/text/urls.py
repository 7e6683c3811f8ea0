"""Addresses, written so that every reader and validator takes them (RFC 3986), or refused."""

import re
from functools import lru_cache
from ipaddress import ip_address
from urllib.parse import SplitResult, quote, urlsplit

_LONGEST_HOST = 253  # RFC 1035 section 2.3.4
_LABEL = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")
_STRAY_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_KEPT = "%/:@!$&'()*+,;=-._~"
_MAILTO = re.compile(r"mailto:[\w.+-]+@[\w-]+(?:\.[\w-]+)+(?:\?[\w.=&%+-]*)?", re.ASCII | re.IGNORECASE)


@lru_cache(maxsize=8192)
def normalize_web_url(written: str) -> str | None:
    """Make an http(s) URI of an address, its letters outside ASCII encoded; None where it is none."""
    try:
        parts = urlsplit(written)
        if parts.scheme not in ("http", "https"):
            return None
        host = _host(parts)
        path, query, fragment = _quoted(parts.path), _quoted(parts.query, "?"), _quoted(parts.fragment, "?")
    except ValueError:
        return None
    return SplitResult(parts.scheme, host, path, query, fragment).geturl()


def normalize_link_url(written: str) -> str | None:
    """Make an address that a link may have: of the web or of a mailbox; None for any other."""
    return written if _MAILTO.fullmatch(written) else normalize_web_url(written)


def _quoted(part: str, kept: str = "") -> str:
    return quote(_STRAY_PERCENT.sub("%25", part), safe=_KEPT + kept)


def _host(parts: SplitResult) -> str:
    """Write the host and its port. Raises ValueError for what is no host, or stands beside one."""
    host, port = parts.hostname or "", parts.port
    if "@" in parts.netloc or "%" in parts.netloc:  # a user's name, the zone of an address
        raise ValueError(parts.netloc)
    if ":" in host:
        host = f"[{ip_address(host)}]"
    else:
        host = host if host.isascii() else host.encode("idna").decode()
        labels = host.removesuffix(".").split(".")
        if len(host) > _LONGEST_HOST or not all(map(_LABEL.fullmatch, labels)):
            raise ValueError(host)
        host.encode("ascii").decode("idna")  # a label that begins with xn-- must be of such an encoding
    return host if port is None else f"{host}:{port}"
