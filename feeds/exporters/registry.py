"""The registered formats: the built-in exporters, then those that other distributions bring as entry points."""

import importlib
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from difflib import get_close_matches
from functools import cache, partial
from pathlib import Path
from typing import Any

from feeds.errors import PluginError
from feeds.exporters.contract import Exporter, Format, Kind, Resource
from feeds.fingerprint import dependency_versions, hash_files, packages_fingerprint
from feeds.model.keys import Key, Scope, SiteKey, parse_key
from feeds.plugins import distribution_of, entry_points, instantiate
from feeds.site.site import GENERATOR, SETTINGS_OF_DOCUMENTS

GROUP = "feeds.exporters"
_RESERVED_PATHS = ("healthz", "readyz")
_BUILT_IN = {
    "html": "html:HtmlExporter",
    "rss": "syndication:RssExporter",
    "atom": "syndication:AtomExporter",
    "json": "syndication:JsonFeedExporter",
    "epub": "epub:EpubExporter",
    "bib": "citations:BibtexExporter",
    "ris": "citations:RisExporter",
    "csl": "citations:CslJsonExporter",
    "md": "markdown:MarkdownExporter",
    "full": "html:FullHtmlExporter",
    "opml": "opml:OpmlExporter",
    "opds": "opds:OpdsExporter",
    "opds-root": "opds:OpdsRootExporter",
    "opds2": "opds:Opds2Exporter",
    "opds2-root": "opds:Opds2RootExporter",
    "opensearch": "opensearch:OpenSearchExporter",
    "cover": "epub:CoverExporter",
    "thumbnail": "epub:ThumbnailExporter",
    "sitemap": "sitemap:SitemapExporter",
    "sitemap-index": "sitemap:SitemapIndexExporter",
    "robots": "sitemap:RobotsExporter",
}


class Registry:
    """The formats by name, in the order of their registration."""

    def __init__(self, formats: Iterable[Format]) -> None:
        self._formats: dict[str, Format] = {}
        self._addresses: dict[str, Format] = {}
        for item in formats:
            self._add(item)
        self._longest_suffix_first = sorted(self, key=lambda item: -len(item.suffix))

    def __iter__(self) -> Iterator[Format]:
        return iter(self._formats.values())

    def __getitem__(self, name: str) -> Format:
        return self._formats[name]

    def names(self) -> list[str]:
        """List the names that `feeds export` takes."""
        return list(self._formats)

    def resources(self, key: Key, kind: Kind | None = None) -> tuple[Resource, ...]:
        """List the formats that an edition is offered in, of one kind or of all; none for the site as a whole."""
        return tuple(resource for resource in self.answers(key, kind) if key.scope in resource.format.offered)

    def answers(self, key: Key, kind: Kind | None = None) -> tuple[Resource, ...]:
        """List the formats in which an edition has a URL, whether or not it is offered in them."""
        if isinstance(key, SiteKey):
            return ()
        return tuple(
            item.resource(key) for item in self if key.scope in item.scopes and (kind is None or item.kind is kind)
        )

    def offer(self, text: str) -> tuple[str, frozenset[Scope]]:
        """Parse an entry of the setting `build.formats`: the name of a format, or SCOPE.FORMAT for one scope of it.

        Returns the name and the scopes. Raises ValueError if there is no such format, or it does not have the scope.
        """
        scope, dot, name = text.rpartition(".")
        if name not in self._formats:
            similar = get_close_matches(name, self._formats, 1) or [", ".join(self._formats)]
            raise ValueError(f"{text!r}: there is no format {name!r}; write {similar[0]}")
        scopes = self[name].scopes - {Scope.SITE}
        if dot and scope not in scopes:
            names = ", ".join(f"{other}.{name}" for other in sorted(scopes)) or "nothing, it is of the whole site"
            raise ValueError(f"{text!r}: there is no {name} of {scope!r}; write {names}")
        return name, frozenset({Scope(scope)}) if dot else scopes

    def offering(self, texts: Iterable[str]) -> "Registry":
        """Return the formats, with what the setting `build.formats` offers besides; ValueError as `offer` raises it."""
        offered = {item.name: item.offered for item in self}
        for name, scopes in map(self.offer, texts):
            offered[name] |= scopes
        return Registry(replace(item, offered=offered[item.name]) for item in self)

    def site_resources(self) -> Iterator[Resource]:
        """List the documents about the whole site."""
        for item in self:
            for path in item.site_paths:
                yield Resource(SiteKey(path), item)

    def split(self, path: str) -> Iterator[tuple[Format, str]]:
        """Split a path without its leading slash into a format and the text of a key, in every way possible."""
        for item in self._longest_suffix_first:
            if path.endswith(item.suffix):
                yield item, path.removesuffix(item.suffix)

    @property
    def fingerprint(self) -> str:
        """A text that changes when a format is added, removed or offered for other editions."""
        return repr(
            [
                (item.name, item.suffix, item.media_type, item.kind, sorted(item.scopes), sorted(item.offered))
                for item in self
            ]
        )

    def _add(self, added: Format) -> None:
        if added.name in self._formats:
            origin = self._formats[added.name].origin
            raise PluginError(f"{added.origin}: the exporter name {added.name!r} is taken by one from {origin}")
        for address in _addresses(added):
            if address in self._addresses:
                taken = self._addresses[address]
                raise PluginError(
                    f"{added.origin}: exporter {added.name!r} would answer at {address}, where {taken.name!r} from"
                    f" {taken.origin} does"
                )
            self._addresses[address] = added
        self._formats[added.name] = added


def load() -> Registry:
    """Load every exporter. Raises PluginError if one cannot be used; the message names its distribution."""
    plug_ins = sorted(entry_points(GROUP), key=lambda point: (distribution_of(point, GENERATOR), point.name))
    return Registry(
        [
            *(_load(name, value, GENERATOR, partial(_import, value)) for name, value in _BUILT_IN.items()),
            *(_load(point.name, point.value, distribution_of(point, GENERATOR), point.load) for point in plug_ins),
        ]
    )


def register(exporter: Exporter, origin: str) -> Format:
    """Describe an exporter. Raises PluginError if it breaks the contract; the message says how."""
    if faults := list(_faults(exporter)):
        raise PluginError(f"{origin}: exporter {type(exporter).__name__} breaks the contract: {'; '.join(faults)}")
    return Format(
        exporter,
        origin,
        partial(_code_fingerprint, type(exporter).__module__, origin),
        exporter.name,
        exporter.suffix,
        exporter.media_type,
        exporter.kind,
        exporter.scopes,
        getattr(exporter, "offered", exporter.scopes),
        getattr(exporter, "paperless", frozenset()),
        site_paths=tuple(getattr(exporter, "site_paths", ())) if Scope.SITE in exporter.scopes else (),
        settings=frozenset(getattr(exporter, "settings", SETTINGS_OF_DOCUMENTS | {"formats"})),
        uses_pictures=bool(getattr(exporter, "uses_pictures", False)),
        is_translated=bool(getattr(exporter, "is_translated", False)),
        is_static=bool(getattr(exporter, "is_static", False)),
    )


@cache
def _code_fingerprint(module_name: str, origin: str) -> str:
    """Hash what an exporter's documents are made with: its module, the packages that it uses, and the libraries.

    A module in a package is hashed with the files beside it and their `templates`.
    """
    module = importlib.import_module(module_name)
    file = Path(module.__file__ or "")
    is_alone = module.__package__ in (None, "", GROUP)
    own = hash_files([file] if is_alone else [*file.parent.glob("*"), *file.parent.glob("templates/*")])
    given = hash_files(Path(__file__).with_name(name) for name in ("contract.py", "environment.py", "templates.py"))
    shared = packages_fingerprint("feeds.text", "feeds.model", "feeds.site")
    return f"{origin} {own} {given} {shared} {dependency_versions()}"


def _import(value: str) -> Any:
    module, _, name = value.partition(":")
    return getattr(importlib.import_module(f"feeds.exporters.{module}"), name)


def _load(name: str, value: str, origin: str, load_class: Callable[[], Any]) -> Format:
    exporter = instantiate("exporter", name, value, origin, load_class)
    try:
        return register(exporter, origin)
    except PluginError as error:
        raise PluginError(f"{error} (entry point {name!r}, {value})") from error


def _faults(exporter: object) -> Iterator[str]:
    """List in which ways an object is not an exporter."""
    if not isinstance(exporter, Exporter):
        members = ("name", "suffix", "media_type", "kind", "scopes", "render")
        yield f"it has no {', '.join(name for name in members if not hasattr(exporter, name))}"
        return
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", str(exporter.name)):
        yield f"its name must be of a-z, 0-9 and '-', not {exporter.name!r}"
    if not re.fullmatch(r"(\.[a-z0-9]+)*", str(exporter.suffix)):
        yield f"its suffix must be like '.csv', not {exporter.suffix!r}"
    if not re.fullmatch(r"[\w.+-]+/[\w.+-]+(;.+)?", str(exporter.media_type)):
        yield f"its media type must be like 'text/csv', not {exporter.media_type!r}"
    if not isinstance(exporter.kind, Kind):
        yield f"its kind must be a Kind, not {exporter.kind!r}"
    yield from _scope_faults(exporter)
    if unknown := set(getattr(exporter, "settings", ())) - SETTINGS_OF_DOCUMENTS - {"formats"}:
        yield f"its settings name what is not a setting: {', '.join(sorted(unknown))}"


def _scope_faults(exporter: Exporter) -> Iterator[str]:
    if not isinstance(exporter.scopes, frozenset) or not all(isinstance(scope, Scope) for scope in exporter.scopes):
        yield f"its scopes must be a frozenset of Scope, not {exporter.scopes!r}"
    elif Scope.SITE in exporter.scopes:
        yield from _site_path_faults(exporter)
    for name in ("offered", "paperless"):
        some: object = getattr(exporter, name, frozenset())
        if not isinstance(some, frozenset) or not some <= set(exporter.scopes):
            yield f"its {name} must be a frozenset of some of its scopes, not {some!r}"


def _site_path_faults(exporter: Exporter) -> Iterator[str]:
    paths = getattr(exporter, "site_paths", None)
    if not isinstance(paths, tuple) or not paths or not all(isinstance(path, str) for path in paths):
        yield f"with Scope.SITE it needs site_paths, a tuple of texts, not {paths!r}"
    elif taken := [path for path in paths if parse_key(path) or path in _RESERVED_PATHS]:
        yield f"its site_paths are taken: {', '.join(taken)}"


def _addresses(added: Format) -> Iterator[str]:
    """List the URL patterns that a format reserves."""
    for scope in sorted(added.scopes - {Scope.SITE}):
        yield f"<{scope}>{added.suffix}"
    for path in added.site_paths:
        yield f"/{path}{added.suffix}"
