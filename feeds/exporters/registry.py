"""Finds the exporters: the built-in ones, then those that other distributions bring as entry points."""

import re
from collections.abc import Iterable, Iterator
from importlib.metadata import EntryPoint, entry_points
from typing import NamedTuple

from feeds.errors import PluginError
from feeds.exporters.contract import Exporter
from feeds.exporters.format import Kind, site_keys
from feeds.model.key import Scope, parse_key
from feeds.site.site import GENERATOR

GROUP = "feeds.exporters"
_BUILT_IN = {
    "html": "html:HtmlExporter",
    "rss": "xml_feeds:RssExporter",
    "atom": "xml_feeds:AtomExporter",
    "json": "json_feed:JsonFeedExporter",
    "epub": "epub:EpubExporter",
    "bib": "bibliography:BibtexExporter",
    "ris": "bibliography:RisExporter",
    "csl": "bibliography:CslJsonExporter",
    "md": "day_file:MarkdownExporter",
    "opml": "opml:OpmlExporter",
    "opds": "opds:OpdsExporter",
    "opds-root": "opds:OpdsRootExporter",
    "opds2": "opds2:Opds2Exporter",
    "opds2-root": "opds2:Opds2RootExporter",
    "opensearch": "opensearch:OpenSearchExporter",
    "cover": "cover:CoverExporter",
    "thumbnail": "cover:ThumbnailExporter",
    "sitemap": "sitemap:SitemapExporter",
    "sitemap-index": "sitemap:SitemapIndexExporter",
    "robots": "sitemap:RobotsExporter",
    "css": "assets:StylesheetExporter",
    "e-reader": "assets:EReaderStylesheetExporter",
    "script": "assets:ScriptExporter",
    "icon": "assets:IconExporter",
    "ico": "assets:IcoExporter",
    "touch-icon": "assets:TouchIconExporter",
}


class Registered(NamedTuple):
    """An exporter and the distribution that brought it."""

    exporter: Exporter
    origin: str


class Registry:
    """The exporters by name, in the order they were found."""

    def __init__(self, registered: Iterable[Registered]) -> None:
        self._registered: dict[str, Registered] = {}
        self._addresses: dict[tuple[str, str], Registered] = {}
        for each in registered:
            self._add(each)
        self._longest_first = sorted(self.exporters, key=lambda exporter: -len(exporter.suffix))

    def __iter__(self) -> Iterator[Registered]:
        return iter(self._registered.values())

    @property
    def exporters(self) -> tuple[Exporter, ...]:
        """All exporters."""
        return tuple(each.exporter for each in self)

    def names(self) -> list[str]:
        """The names that `feeds export` takes."""
        return list(self._registered)

    def registered(self, name: str) -> Registered:
        """Get an exporter by its name; KeyError for an unknown one."""
        return self._registered[name]

    def exporter(self, name: str) -> Exporter:
        """Get an exporter by its name; KeyError for an unknown one."""
        return self._registered[name].exporter

    def split(self, path: str) -> Iterator[tuple[Exporter, str]]:
        """Cut a path without its leading slash into an exporter and a key, in every way that it can be read."""
        for exporter in self._longest_first:
            if path.endswith(exporter.suffix):
                yield exporter, path.removesuffix(exporter.suffix)

    def _add(self, added: Registered) -> None:
        exporter = added.exporter
        if exporter.name in self._registered:
            origin = self._registered[exporter.name].origin
            raise PluginError(f"{added.origin}: an exporter named {exporter.name!r} is there already, from {origin}")
        for address in _addresses(exporter):
            if address in self._addresses:
                taken = self._addresses[address]
                raise PluginError(
                    f"{added.origin}: {exporter.name!r} would answer at {''.join(address)!r}, where"
                    f" {taken.exporter.name!r} from {taken.origin} does"
                )
            self._addresses[address] = added
        self._registered[exporter.name] = added


def load() -> Registry:
    """Load every exporter. Raises PluginError, naming the distribution, for one that cannot be used."""
    built_in = [EntryPoint(name, f"feeds.exporters.{value}", GROUP) for name, value in _BUILT_IN.items()]
    found = sorted(entry_points(group=GROUP), key=lambda point: (_origin(point), point.name))
    return Registry(Registered(_load(point), _origin(point)) for point in [*built_in, *found])


def _origin(point: EntryPoint) -> str:
    return f"{point.dist.name} {point.dist.version}" if point.dist else GENERATOR


def _load(point: EntryPoint) -> Exporter:
    where = f"{_origin(point)}: exporter {point.name!r} ({point.value})"
    try:
        exporter = point.load()()
    except Exception as error:
        raise PluginError(f"{where} cannot be loaded: {type(error).__name__}: {error}") from error
    if faults := list(_faults(exporter)):
        raise PluginError(f"{where} breaks the contract: {'; '.join(faults)}")
    return exporter  # type: ignore[no-any-return]  # just checked


def _faults(exporter: object) -> Iterator[str]:
    """Say in which ways an object is no exporter."""
    if not isinstance(exporter, Exporter):
        members = ("name", "suffix", "media_type", "kind", "scopes", "render")
        yield f"it has no {', '.join(name for name in members if not hasattr(exporter, name))}"
        return
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", str(exporter.name)):
        yield f"its name is not of a-z, 0-9 and '-': {exporter.name!r}"
    if not re.fullmatch(r"(\.[a-z0-9]+)*", str(exporter.suffix)):
        yield f"its suffix is not like '.csv': {exporter.suffix!r}"
    if not re.fullmatch(r"[\w.+-]+/[\w.+-]+(;.+)?", str(exporter.media_type)):
        yield f"its media type is not like 'text/csv': {exporter.media_type!r}"
    if not isinstance(exporter.kind, Kind):
        yield f"its kind is no Kind: {exporter.kind!r}"
    if not isinstance(exporter.scopes, frozenset) or not all(isinstance(scope, Scope) for scope in exporter.scopes):
        yield f"its scopes are no frozenset of Scope: {exporter.scopes!r}"
    elif Scope.SITE in exporter.scopes:
        yield from _site_key_faults(exporter)


def _site_key_faults(exporter: Exporter) -> Iterator[str]:
    keys = getattr(exporter, "site_keys", None)
    if not isinstance(keys, tuple) or not keys or not all(isinstance(key, str) for key in keys):
        yield f"it offers Scope.SITE, but has no site_keys, a tuple of texts: {keys!r}"
    elif taken := [key for key in keys if parse_key(key) or key == "healthz"]:
        yield f"its site_keys name what is there already: {', '.join(taken)}"


def _addresses(exporter: Exporter) -> Iterator[tuple[str, str]]:
    """List what an exporter answers at, as far as two may not share it: scopes or keys, and the suffix."""
    for scope in sorted(exporter.scopes - {Scope.SITE}):
        yield f"<{scope}>", exporter.suffix
    for key in site_keys(exporter):
        yield f"/{key}", exporter.suffix
