"""How a plug-in tests itself: `check_exporter` holds an exporter to its contract."""

# ruff: noqa: S101  # assertions are what this module is for

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, time, timedelta
from typing import Any

from feeds.exporters import registry
from feeds.exporters.contract import Exporter, Format, RenderContext
from feeds.exporters.registry import Registry
from feeds.model.edition import (
    Collection,
    Edition,
    MonthCount,
    PaperEdition,
    Ranking,
    SearchResults,
    SiteEdition,
    Statistics,
    TopicCount,
    group_by_day,
    paper_edition,
)
from feeds.model.keys import (
    ALL,
    HOME,
    LATEST,
    RANKED_PERIODS,
    STATISTICS,
    Key,
    ListKey,
    PaperKey,
    Scope,
    SearchKey,
    SeriesKey,
    SiteKey,
    TopicsKey,
    TopKey,
    period,
)
from feeds.model.paper import Day, DayCount, Listing, Paper
from feeds.model.query import Query
from feeds.site.i18n import get_locale
from feeds.site.site import Site, parse_topic

_DAY = date(2024, 1, 30)
_HOSTILE_TEXTS = (
    "Plain title",
    "<script>alert(\"x\")</script> & 'quotes' <think>",
    "한국어 제목: $O(n^2)$ \\textbf{bold} $5 and 10$",
    "[IDK] `code` *stars* _under_ {braces} \\ % # ~ ^ |",
    "]]> --> &amp; &nbsp; \u202e\u2028 e\u0301 𝔸 🧪",
    "=1+1, +cmd, @sum, -2",
)
_OTHER_SETTINGS: Mapping[str, Any] = {
    "title": "Another title",
    "description": "Another description",
    "author": "Another author",
    "language": "en",
    "interface": "en",
    "rights": "CC0",
    "base_url": "https://another.example.org/path",
    "id": "another",
    "publish_at": time(1, 30),
    "latest_days": 3,
    "latest_papers": 7,
    "hub": "https://hub.example.org/",
    "topics": (parse_topic("다른 주제", "q=다른"),),
}


def check_exporter(exporter: Exporter) -> None:
    """Check the contract: attributes, determinism, empty editions, hostile texts, and the declared settings.

    Raises PluginError if an attribute is missing or wrong, and AssertionError if a document breaks the contract; the
    message names the edition.
    """
    item = registry.register(exporter, "check_exporter")
    formats = Registry([*(other for other in registry.load() if not _conflicts(other, item)), item])
    for edition in sample_editions(item):
        context = RenderContext.for_site(Site(), formats)
        document = _render(exporter, edition, context)
        assert document == _render(exporter, edition, context), f"{edition.key}: not the same bytes twice"
        if edition.key.scope in item.paperless:
            outline = replace(edition, days=(), count=edition.total)
            assert document == _render(exporter, outline, context), f"{edition.key}: depends on the papers"
        for name, value in _OTHER_SETTINGS.items():
            if name not in item.settings:
                site = replace(context.site, **{name: value})
                locale = get_locale(site.language)
                other = replace(context, site=site, locale=context.locale if item.is_translated else locale)
                assert _render(exporter, edition, other) == document, f"{edition.key}: depends on the setting {name}"


def sample_editions(item: Format) -> Iterator[Edition]:
    """Make an empty and a full edition, with hostile texts, for every scope that a format offers."""
    listings = tuple(_listings())
    for scope in sorted(item.scopes):
        for key in _keys(scope, item):
            yield _edition(key, ())
            yield _edition(key, listings)


def _conflicts(other: Format, item: Format) -> bool:
    is_same_scope = bool((other.scopes & item.scopes) - {Scope.SITE}) and other.suffix == item.suffix
    is_same_path = other.suffix == item.suffix and bool(set(other.site_paths) & set(item.site_paths))
    return other.name == item.name or is_same_scope or is_same_path


def _render(exporter: Exporter, edition: Edition, context: RenderContext) -> bytes:
    chunks = list(exporter.render(edition, context))
    assert all(isinstance(chunk, bytes) for chunk in chunks), f"{edition.key}: yields something other than bytes"
    return b"".join(chunks)


def _keys(scope: Scope, item: Format) -> list[Key]:
    if scope in (Scope.DAY, Scope.WEEK, Scope.MONTH, Scope.YEAR):
        return [period(scope, _DAY)]
    if scope is Scope.TOP:
        return [TopKey(period(Scope.WEEK, _DAY))]
    fixed: dict[Scope, list[Key]] = {
        Scope.SITE: [SiteKey(path) for path in item.site_paths],
        Scope.LATEST: [LATEST],
        Scope.ALL: [ALL],
        Scope.SEARCH: [SearchKey(Query(q='확산|"<b>"', limit=50))],
        Scope.TOPIC: [Site().topics[0].key],
        Scope.PAPER: [PaperKey("2401.00000")],
        Scope.LIST: [ListKey("days"), ListKey("newest")],
        Scope.TOPICS: [Site().topics_key],
    }
    return fixed[scope] if scope in fixed else [SeriesKey(scope)]


def _ranking(key: TopKey, listings: tuple[Listing, ...]) -> Ranking:
    calendar = (DayCount(_DAY, len(listings), len(listings)),) if listings else ()
    return Ranking(key, group_by_day(listings), calendar, results=listings[::-1])


def _site_edition(key: SiteKey, listings: tuple[Listing, ...]) -> Edition:
    if not listings:
        return Statistics(key) if key == STATISTICS else SiteEdition(key)
    calendar = (DayCount(_DAY, len(listings), len(listings)),)
    if key == STATISTICS:
        months = (MonthCount(period(Scope.MONTH, _DAY), len(listings), 9),)
        topics = (TopicCount(Site().topics[0].key, len(listings), months),)
        return Statistics(key, (), calendar, months=months, topics=topics, results=listings)
    rankings = tuple(_ranking(TopKey(period(scope, _DAY)), listings) for scope in RANKED_PERIODS)
    return SiteEdition(key, (Day(_DAY, listings),), calendar, rankings=rankings if key == HOME else ())


def _listings() -> Iterator[Listing]:
    for rank, text in enumerate(_HOSTILE_TEXTS):
        paper = Paper(
            title=text,
            url=f"https://arxiv.org/abs/2401.{rank:05}" if rank % 2 == 0 else f"https://example.org/p?a={rank}&b=<",
            image="https://example.org/a.png?x=1&y=2" if rank else None,
            video="https://example.org/v.mp4" if rank == 2 else None,
            votes=None if rank == 1 else rank,
            authors=(f"김민준 {text}", "O'Neil, Jr.", "张伟") if rank != 3 else (),
            more_authors=rank == 2,
            summary=f"- **{text}**: {text}\n- https://github.com/a/b\n\n| 가 | 나 |\n|---|---|\n| 1 | {text} |",
            abstract=text if rank > 3 else "",
            tags=(text.replace(",", ""),) if rank > 2 else (),
            published=_DAY if rank > 3 else None,
            journal=text if rank > 2 else "",
            journal_doi="10.1000/a_b(1)<c>" if rank > 3 else "",
            comment=text if rank > 2 else "",
        )
        yield Listing(paper, rank, _DAY, f"key{rank}")
    yield Listing(
        Paper("Listed first on another day", "https://example.org/old"), rank, _DAY - timedelta(days=9), "old"
    )


def _edition(key: Key, listings: tuple[Listing, ...]) -> Edition:
    new = tuple(listing for listing in listings if listing.first_listed == _DAY)
    calendar = (DayCount(_DAY, len(listings), len(new)),)
    match key:
        case SearchKey():
            return SearchResults(key, group_by_day(new), results=new[::-1], count=len(new))
        case TopicsKey():
            topics = tuple(SearchResults(topic, count=len(new)) for topic in key.topics) if new else ()
            return Collection(key, calendar=calendar, editions=topics, count=len(topics))
        case TopKey():
            return _ranking(key, new)
        case SiteKey():
            return _site_edition(key, new)
        case SeriesKey() | ListKey():
            scope = key.period if isinstance(key, SeriesKey) and key.period else Scope.DAY
            members = (Edition(period(scope, _DAY), (Day(_DAY, new),), calendar),) if new else ()
            return Collection(key, calendar=calendar, editions=members, count=len(members))
        case PaperKey():
            if not listings:
                return PaperEdition(key)
            found_by = (Site().topics[0].key,)
            return replace(paper_edition(listings[0]), key=key, related=(listings[-1], *new[1:]), topics=found_by)
    if not listings and key.scope is not Scope.DAY:
        return Edition(key)
    listed = listings if key.scope is Scope.DAY else new
    return Edition(key, (Day(_DAY, listed),), calendar)
