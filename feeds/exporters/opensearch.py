"""Exports the description of the site's search for browsers and catalog readers: OpenSearch 1.1.

Specification: https://github.com/dewitt/opensearch
"""

from collections.abc import Iterator

from lxml import etree

from feeds.exporters.contract import Kind, RenderContext, Resource
from feeds.model.edition import Edition
from feeds.model.keys import SEARCH, Scope, SiteKey

_NAMESPACE = "http://a9.com/-/spec/opensearch/1.1/"
_KEY = SiteKey("opensearch")
_KINDS = [Kind.CATALOG, Kind.PAGE, Kind.FEED]  # in this order: KOReader uses the first URL with an Atom type
_MAX_NAME = 16  # characters, by the specification
_MAX_DESCRIPTION = 1024


class OpenSearchExporter:
    """The search's URL templates, one for each format that a browser or reader can show results in."""

    name = "opensearch"
    suffix = ".xml"
    media_type = "application/opensearchdescription+xml"
    kind = Kind.RESOURCE
    scopes = frozenset({Scope.SITE})
    site_paths = (_KEY.text,)
    settings = frozenset({"base_url", "description", "language", "title", "formats"})
    is_static = True

    def render(self, edition: Edition, context: RenderContext) -> Iterator[bytes]:  # noqa: ARG002  # is_static
        """Render the description; its templates have no parameter but `searchTerms`, the only one KOReader fills in."""
        site = context.site
        root = etree.Element(f"{{{_NAMESPACE}}}OpenSearchDescription", nsmap={None: _NAMESPACE})
        for name, text in (
            ("ShortName", site.title[:_MAX_NAME]),
            ("Description", site.description[:_MAX_DESCRIPTION]),
            ("Language", site.language),
            ("InputEncoding", "UTF-8"),
            ("OutputEncoding", "UTF-8"),
        ):
            etree.SubElement(root, f"{{{_NAMESPACE}}}{name}").text = text
        for resource in (resource for kind in _KINDS for resource in context.resources(SEARCH, kind)):
            template = f"{context.url(resource)}?q={{searchTerms}}"
            etree.SubElement(root, f"{{{_NAMESPACE}}}Url", type=resource.format.link_type, template=template)
        yield etree.tostring(root, encoding="UTF-8", xml_declaration=True, pretty_print=True)


def search_description(context: RenderContext) -> Resource:
    """Return the resource that describes the search, for documents to link to with `rel="search"`."""
    return context.resource(_KEY, OpenSearchExporter.name)
