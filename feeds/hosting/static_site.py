"""What a web server must know to serve the files of a built site as the app serves documents."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from feeds.exporters.contract import Kind
from feeds.exporters.registry import Registry
from feeds.http.responses import add_common_headers, text_response
from feeds.images.picture import FOLDER, MEDIA_TYPES
from feeds.model.keys import LATEST, Scope, parse_key
from feeds.publishing.representation import IMMUTABLE, cache_control
from feeds.publishing.static import static_files

_DOWNLOADED = (Kind.BOOK, Kind.FILE)
_EXTENSION = "xml"  # that people expect
_SERVERS_OWN = {"Content-Type", "Content-Length", "Vary"}  # headers that depend on the file


class MediaTypes(NamedTuple):
    """The media types of files: by extension, and by suffix or path for those that differ from their extension's."""

    by_extension: dict[str, str]
    by_suffix: dict[str, str]
    by_path: dict[str, str]


class StaticSite(NamedTuple):
    """How to serve the files of a built site.

    `downloads` are the suffixes of what is saved, `displayed` the suffixes and paths that end like a download and are
    none, `pages` the suffixes of pages that keep their `.html`. `redirects` maps each path that is meant to those that
    people guess. `headers` belong to every response. `pictures` is the folder of the pictures, which have a
    `Cache-Control` of their own.
    """

    media_types: MediaTypes
    downloads: tuple[str, ...]
    displayed: tuple[str, ...]
    pages: tuple[str, ...]
    redirects: Mapping[str, list[str]]
    headers: Mapping[str, str]
    cache_control: str
    pictures: str
    pictures_cache_control: str


def describe_static_site(formats: Registry) -> StaticSite:
    """Describe how to serve the files of a site in these formats."""
    downloads = tuple(item.suffix for item in formats if item.kind in _DOWNLOADED and item.suffix)
    others = [item for item in formats if item.kind not in _DOWNLOADED]
    endings = [item.suffix for item in others if item.scopes - {Scope.SITE}]
    endings += [f"/{path}{item.suffix}" for item in others for path in item.site_paths]
    headers = add_common_headers(text_response("", 200), "GET").headers
    return StaticSite(
        _media_types(formats),
        downloads,
        tuple(ending for ending in endings if ending.endswith(downloads)),
        tuple(item.suffix for item in formats if item.kind is Kind.PAGE and item.suffix),
        _redirects(formats),
        {name: value for name, value in headers.items() if name not in _SERVERS_OWN},
        cache_control(None, ()),
        FOLDER,
        IMMUTABLE,
    )


def _media_types(formats: Registry) -> MediaTypes:
    types = MediaTypes({}, {}, {})
    for ending, media_type in sorted(_endings(formats), key=lambda pair: (pair[0][:1] == "/", pair[0].count("."))):
        extension = ending.rpartition(".")[2]
        if "." in ending and types.by_extension.setdefault(extension, media_type) == media_type:
            continue
        (types.by_path if ending.startswith("/") else types.by_suffix)[ending] = media_type
    return types


def _endings(formats: Registry) -> Iterator[tuple[str, str]]:
    """List the suffixes and the paths of files with their media types."""
    for item in formats:
        suffix = item.suffix or (".html" if item.kind is Kind.PAGE else "")
        if item.scopes - {Scope.SITE}:
            yield suffix, item.media_type
        yield from ((f"/{path}{suffix}", item.media_type) for path in item.site_paths)
    yield from MEDIA_TYPES.items()
    yield from ((f"/{file.path}", file.media_type) for file in static_files().values())


def _redirects(formats: Registry) -> dict[str, list[str]]:
    """List the paths at the root that `feeds.http.redirects` takes for others."""
    redirects = {"": ["home", "index"]}
    feed_formats = [item for item in formats if item.kind is Kind.FEED]
    for item in feed_formats:
        guesses = [item.name, f"{item.name}.{_EXTENSION}", f"feed{item.suffix}", f"index{item.suffix}"]
        usual = ["feed", f"feed.{_EXTENSION}", f"index.{_EXTENSION}"] if item is feed_formats[0] else []
        redirects[LATEST.text + item.suffix] = guesses + usual
    resources = [resource for resource in formats.site_resources() if resource.format.kind is not Kind.PAGE]
    names = [(resource.path, resource.key.text) for resource in resources]
    names += [(resource.path, resource.format.name) for resource in resources]
    taken = {resource.path for resource in formats.site_resources()}.union(*redirects.values())
    for path, name in names:
        for guess in (name, f"{name}.{_EXTENSION}"):
            if guess not in taken and not parse_key(guess):
                redirects.setdefault(path, []).append(guess)
                taken.add(guess)
    return redirects
