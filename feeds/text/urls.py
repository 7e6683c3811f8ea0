"""Normalizes URLs to URIs (RFC 3986) that every feed reader and validator accepts, and guesses media types by them."""

import re
from functools import lru_cache
from ipaddress import ip_address
from urllib.parse import SplitResult, quote, urlsplit

_MAX_HOST = 253  # characters (RFC 1035 section 2.3.4)
_HOST_LABEL = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")
# What most URLs consist of, which is normalized: a host in lower case, and a path of characters that need no encoding.
_LABEL = r"(?!xn--)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_NORMALIZED = re.compile(rf"https?://(?:{_LABEL}\.){{0,2}}{_LABEL}(?:/[\w/:@!$&'()*+,;=.~-]*)?", re.ASCII)
_STRAY_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
PATH_CHARACTERS = "%/:@!$&'()*+,;=-._~"  # RFC 3986 section 3.3
_SUFFIX = re.compile(r"\.(\w+)(?:[?#]|$)")
_MEDIA_TYPES = {  # not those of the module mimetypes, which differ between machines
    **{name: f"image/{name}" for name in ("avif", "bmp", "gif", "heic", "heif", "jpeg", "png", "tiff", "webp")},
    "jpg": "image/jpeg",
    "jpe": "image/jpeg",
    "svg": "image/svg+xml",
    "tif": "image/tiff",
    "ico": "image/vnd.microsoft.icon",
    **{name: f"video/{name}" for name in ("mp4", "mpeg", "webm")},
    "avi": "video/x-msvideo",
    "m4v": "video/mp4",
    "mkv": "video/x-matroska",
    "mov": "video/quicktime",
    "mpg": "video/mpeg",
    "ogv": "video/ogg",
    "qt": "video/quicktime",
}
_MAILTO = re.compile(r"mailto:[\w.+-]+@[\w-]+(?:\.[\w-]+)+(?:\?[\w.=&%+-]*)?", re.ASCII | re.IGNORECASE)


@lru_cache(maxsize=8192)
def normalize_web_url(url: str) -> str | None:
    """Return an http(s) URL as a URI, or None if it is invalid, has another scheme, or contains credentials.

    Non-ASCII hosts are encoded with IDNA, other non-ASCII characters with percent signs (RFC 3987 section 3.1).
    """
    if _NORMALIZED.fullmatch(url):
        return url
    try:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https"):
            return None
        authority = _normalize_authority(parts)
        path = _percent_encode(parts.path, PATH_CHARACTERS)
        query = _percent_encode(parts.query, PATH_CHARACTERS + "?")
        fragment = _percent_encode(parts.fragment, PATH_CHARACTERS + "?")
    except ValueError:
        return None
    return SplitResult(parts.scheme, authority, path, query, fragment).geturl()


def normalize_link_url(url: str) -> str | None:
    """Return the target of a link as a URI: an http(s) URL or a mailto address; None for any other."""
    return url if _MAILTO.fullmatch(url) else normalize_web_url(url)


def guess_media_type(url: str, default: str) -> str:
    """Return the media type of the picture or video at a URL by its suffix; `default` if that names none."""
    suffix = _SUFFIX.search(url)
    return _MEDIA_TYPES.get(suffix[1].lower(), default) if suffix else default


def _percent_encode(text: str, safe: str) -> str:
    """Encode all characters but `safe` ones, letters and digits; keep what is already encoded."""
    return quote(_STRAY_PERCENT.sub("%25", text), safe=safe)


def _normalize_authority(parts: SplitResult) -> str:
    """Return the host and the port.

    Raises ValueError if the host or port is invalid, or there is a user name or an IPv6 zone.
    """
    host, port = parts.hostname or "", parts.port
    if "@" in parts.netloc or "%" in parts.netloc:
        raise ValueError(parts.netloc)
    if ":" in host:
        host = f"[{ip_address(host)}]"
    else:
        host = host if host.isascii() else host.encode("idna").decode()
        labels = host.removesuffix(".").split(".")
        if len(host) > _MAX_HOST or not all(map(_HOST_LABEL.fullmatch, labels)):
            raise ValueError(host)
        host.encode("ascii").decode("idna")  # raises for xn-- labels that are not valid Punycode
    return host if port is None else f"{host}:{port}"
