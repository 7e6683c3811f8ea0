"""HTML pages for people: the home page, an edition, a paper."""

from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import urlsplit

from feeds.edition import Edition
from feeds.exporter import Kind
from feeds.exporters.opensearch import DESCRIPTION
from feeds.exporters.templates import fill
from feeds.format import site_keys
from feeds.key import Key, Scope, period
from feeds.site import Publication, Site
from feeds.wording import name

_HUGE = frozenset({Scope.YEAR, Scope.ALL})  # listed by day: their papers would make no page that anyone reads
_STARTED = (Scope.LATEST, Scope.DAILY, Scope.WEEKLY, Scope.MONTHLY)


class HtmlExporter:
    """A page for every edition but shelves, at its key alone."""

    name = "html"
    suffix = ""
    media_type = "text/html; charset=utf-8"
    kind = Kind.PAGE
    scopes = frozenset(Scope) - {Scope.SHELF}
    site_keys = ("",)
    is_translated = True

    def render(self, edition: Edition, site: Site) -> Iterator[bytes]:
        """Render a page. Its links are without the host, for a page may be looked at from another machine."""
        canonical = site.url(Publication(edition.key, self))
        site = replace(site, base_url=urlsplit(site.base_url).path)
        page = fill(
            _template(edition),
            site.words,
            edition=edition,
            site=site,
            title=site.full_name(edition),
            canonical=canonical,
            description=DESCRIPTION,
            name=lambda key: name(key, site.words),
            feeds=_feeds(edition, site),
            downloads=site.publications(edition.key),
            catalogs=_catalogs(site),
            started=[Key(scope, scope.value) for scope in _STARTED],
            wider=_wider(edition),
            years=_years(edition),
            day_key=lambda day: Key(Scope.DAY, day.isoformat(), day, day),
            paper_key=lambda paper: Key(Scope.PAPER, f"papers/{paper.slug}"),
            Kind=Kind,
        )
        yield page.encode()


def _wider(edition: Edition) -> list[Key]:
    """List the week, month and year around a day, a week or a month."""
    narrower = [Scope.DAY, Scope.WEEK, Scope.MONTH, Scope.YEAR]
    if edition.key.scope not in narrower or not edition.key.since:
        return []
    return [period(scope, edition.key.since) for scope in narrower[narrower.index(edition.key.scope) + 1 :]]


def _years(edition: Edition) -> list[Key]:
    years = dict.fromkeys(period(Scope.YEAR, day.date) for day in edition.days)
    return [*reversed(years), Key(Scope.ALL, Scope.ALL.value)]


def _template(edition: Edition) -> str:
    if edition.key.scope is Scope.SITE:
        return "page_home.html"
    if edition.key.scope is Scope.PAPER:
        return "page_paper.html"
    return "page_days.html" if edition.key.scope in _HUGE else "page_edition.html"


def _feeds(edition: Edition, site: Site) -> list[Publication]:
    """List the feeds that the page announces: its own, then the main ones."""
    main = site.publications(Key(Scope.LATEST, "latest"), Kind.FEED)
    own = site.publications(edition.key, Kind.FEED)
    return list(dict.fromkeys([*own, *main]))


def _catalogs(site: Site) -> list[Publication]:
    return [
        Publication(Key(Scope.SITE, key), each)
        for each in site.formats
        if each.kind is Kind.CATALOG
        for key in site_keys(each)[:1]
    ]
