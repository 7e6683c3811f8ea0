"""OpenSearch 1.1: how a browser or a catalogue reader asks, https://github.com/dewitt/opensearch."""

from collections.abc import Iterator

from lxml import etree

from feeds.archive.edition import Edition
from feeds.exporters.contract import Kind, Scope
from feeds.exporters.format import Format
from feeds.model.key import SEARCH, Key
from feeds.site.site import Publication, Site

_NAMESPACE = "http://a9.com/-/spec/opensearch/1.1/"
_ORDER = [Kind.CATALOG, Kind.PAGE, Kind.FEED]  # KOReader takes the first that is Atom


class OpenSearchExporter:
    """The description of the search, in every format that is looked at or read by a program."""

    name = "opensearch"
    suffix = ".xml"
    media_type = "application/opensearchdescription+xml"
    kind = Kind.RESOURCE
    scopes = frozenset({Scope.SITE})
    site_keys = ("opensearch",)
    is_static = True

    def render(self, edition: Edition, site: Site) -> Iterator[bytes]:  # noqa: ARG002  # the same for all
        """Render the description; its templates hold `searchTerms` and nothing else, all that KOReader fills in."""
        root = etree.Element(f"{{{_NAMESPACE}}}OpenSearchDescription", nsmap={None: _NAMESPACE})
        for name, text in (
            ("ShortName", site.title[:16]),
            ("Description", site.description[:1024]),
            ("Language", site.language),
            ("InputEncoding", "UTF-8"),
            ("OutputEncoding", "UTF-8"),
        ):
            etree.SubElement(root, f"{{{_NAMESPACE}}}{name}").text = text
        searched = [each for each in site.publications(SEARCH) if each.format.kind in _ORDER]
        for publication in sorted(searched, key=lambda each: _ORDER.index(each.format.kind)):
            template = f"{site.url(publication)}?q={{searchTerms}}"
            etree.SubElement(root, f"{{{_NAMESPACE}}}Url", type=publication.media_type, template=template)
        yield etree.tostring(root, encoding="UTF-8", xml_declaration=True, pretty_print=True)


_FORMAT: Format = OpenSearchExporter()
DESCRIPTION = Publication(Key(Scope.SITE, "opensearch"), _FORMAT)
"""Where the description is."""
