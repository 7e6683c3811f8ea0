"""The feeds of the seeds and of hostile papers: the rules of the W3C feed validator."""

import json
import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import jsonschema
import pytest
from lxml import etree, html

from feeds.publishing.publisher import Publisher
from tests.support.digests import HOSTILE, OpenFiles, day, render, resources

ATOM = "{http://www.w3.org/2005/Atom}"
CONTENT = "{http://purl.org/rss/1.0/modules/content/}encoded"
MEDIA = "{http://search.yahoo.com/mrss/}"
HISTORY = "{http://purl.org/syndication/history/1.0}"
KEYS = ["latest", "all", "2024-01-30", "2024-02-05", "2024-W05", "2024", "daily", "weekly", "monthly", "search"]


@pytest.fixture(params=["seeds", "hostile"])
def publisher(request: pytest.FixtureRequest, open_files: OpenFiles) -> Publisher:
    if request.param == "hostile":
        return open_files({"a.md": HOSTILE, "empty.md": day("2024-02-05")})
    seeds: Publisher = request.getfixturevalue("seeds")
    return seeds


def documents(publisher: Publisher, name: str) -> list[tuple[str, bytes]]:
    """Render a format of those `KEYS` that the archive holds."""
    keys = {resource.key.text for resource in resources(publisher)} | {"search"}
    rendered = [(key, render(publisher, name, key)) for key in KEYS if key in keys]
    assert len(rendered) > 5
    return rendered


def check_html(markup: str) -> None:
    """Allow no script, style, frame or relative URL (SecurityRisk, ContainsRelRef)."""
    root = html.fragment_fromstring(markup, create_parent="div")
    for element in root.iter():
        assert element.tag not in ("script", "style", "iframe", "object", "embed", "form")
        assert not {name for name in element.attrib if name == "style" or name.startswith("on")}
        for name in ("href", "src", "poster"):
            assert urlsplit(element.get(name, "https://e.org")).scheme in ("http", "https", "mailto")


def check_title(title: str) -> None:
    """Allow no markup and no entity in a title (ContainsHTML): `<think>` is a word, not a tag of HTML."""
    assert title
    assert not re.search(r"</?(?:a|b|i|em|strong|p|br|sub|sup|img|span)\b", title)
    assert not re.search(r"&(?:amp|lt|gt|quot|#\d+);", title)


def check_uri(text: str) -> None:
    assert re.fullmatch(r"(?:urn:uuid:[0-9a-f-]{36}|https?://[^\s<>\"{}|\\^`]+)", text), text


def test_rss_keeps_the_validator_rules(publisher: Publisher) -> None:
    for key, document in documents(publisher, "rss"):
        root = etree.fromstring(document)
        (channel,) = root
        assert (root.tag, root.get("version")) == ("rss", "2.0")
        for name in ("title", "link", "description", "language", "lastBuildDate", "generator", "ttl"):
            assert len(channel.findall(name)) == 1, name
        assert re.fullmatch("ko|en", channel.findtext("language") or "")
        (self_link,) = [link for link in channel.findall(f"{ATOM}link") if link.get("rel") == "self"]
        assert self_link.get("href") == f"http://127.0.0.1:8000/{key}.rss"
        guids, times = [], []
        for item in channel.findall("item"):
            check_title(item.findtext("title") or "")
            check_uri(item.findtext("link") or "")
            check_html(item.findtext(CONTENT) or "")
            check_html(item.findtext("description") or "")
            guid = item.find("guid")
            assert guid is not None
            assert guid.get("isPermaLink") == "false"
            guids.append(guid.text)
            times.append(item.findtext("pubDate") or "")
            assert len(item.findall("{http://purl.org/dc/elements/1.1/}creator")) <= 1
            assert not item.findall("author")
            assert not item.findall(f"{MEDIA}group")
            check_enclosures([dict(enclosure.attrib) for enclosure in item.findall("enclosure")], "url")
            check_thumbnail(item, item.findtext(CONTENT) or "")
        assert len(set(guids)) == len(guids)
        assert len(set(times)) == len(times)
        assert all(parsedate_to_datetime(when) <= datetime.now(UTC) for when in times)
        check_history(channel, key)


def check_thumbnail(entry: Any, content: str) -> None:
    """Require the thumbnail to be the first picture of the content, which NetNewsWire shows instead."""
    thumbnails = [thumbnail.get("url") for thumbnail in entry.findall(f"{MEDIA}thumbnail")]
    pictures = html.fragment_fromstring(content, create_parent="div").xpath(".//img/@src")
    assert thumbnails == pictures[:1]


def check_enclosures(enclosures: list[dict[str, str]], url_attribute: str) -> None:
    assert len(enclosures) <= 1
    for enclosure in enclosures:
        check_uri(enclosure[url_attribute])
        assert re.fullmatch(r"(?:video|application|image)/[\w.+-]+", enclosure["type"])
        assert enclosure.get("length", "0").isdecimal()


def check_history(parent: Any, key: str) -> None:
    """Require a current document of an archive and no archives of a complete feed (RFC 5005)."""
    relations = [link.get("rel") for link in parent.findall(f"{ATOM}link")]
    assert (parent.find(f"{HISTORY}archive") is not None) == ("current" in relations)
    if parent.find(f"{HISTORY}complete") is not None:
        assert key == "all"
        assert "prev-archive" not in relations
    assert len(relations) == len(set(relations))


def test_atom_keeps_the_validator_rules(publisher: Publisher) -> None:
    for key, document in documents(publisher, "atom"):
        root = etree.fromstring(document)
        assert root.tag == f"{ATOM}feed"
        for name in ("id", "title", "updated", "author", "generator"):
            assert len(root.findall(f"{ATOM}{name}")) == 1, name
        links = {link.get("rel"): link.get("href") for link in root.findall(f"{ATOM}link")}
        assert links["self"] == f"http://127.0.0.1:8000/{key}.atom"
        ids, times = [root.findtext(f"{ATOM}id") or ""], []
        for entry in root.findall(f"{ATOM}entry"):
            check_title(entry.findtext(f"{ATOM}title") or "")
            ids.append(entry.findtext(f"{ATOM}id") or "")
            times.append(entry.findtext(f"{ATOM}updated") or "")
            published = datetime.fromisoformat(entry.findtext(f"{ATOM}published") or "")
            assert published <= datetime.fromisoformat(times[-1]) < published + timedelta(hours=1)
            content = entry.find(f"{ATOM}content")
            assert content is not None
            assert content.get("type") == "html"
            check_html(content.text or "")
            check_thumbnail(entry, content.text or "")
            relations = [link.get("rel") for link in entry.findall(f"{ATOM}link")]
            assert relations.count("alternate") == 1
            enclosures = [link for link in entry.findall(f"{ATOM}link") if link.get("rel") == "enclosure"]
            check_enclosures([dict(link.attrib) for link in enclosures], "href")
        for uri in ids:
            check_uri(uri)
        assert len(set(ids)) == len(ids)
        assert len(set(times)) == len(times)
        updated = datetime.fromisoformat(root.findtext(f"{ATOM}updated") or "")
        newest = max(map(datetime.fromisoformat, times), default=updated)
        assert newest <= updated < newest + timedelta(hours=1)
        check_history(root, key)


URL = {"type": "string", "pattern": "^https?://"}
AUTHORS = {"type": "array", "items": {"type": "object", "properties": {"name": {"type": "string", "minLength": 1}}}}
# After https://www.jsonfeed.org/version/1.1/, which publishes no schema.
JSON_FEED = {
    "type": "object",
    "required": ["version", "title", "items"],
    "additionalProperties": False,
    "properties": {
        "version": {"const": "https://jsonfeed.org/version/1.1"},
        "title": {"type": "string", "minLength": 1},
        "home_page_url": URL,
        "feed_url": URL,
        "next_url": URL,
        "description": {"type": "string"},
        "language": {"type": "string"},
        "authors": AUTHORS,
        "hubs": {"type": "array"},
        "items": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["id", "content_html", "content_text"],
                "additionalProperties": False,
                "properties": {
                    "id": {"type": "string", "minLength": 1},
                    "url": URL,
                    "title": {"type": "string", "minLength": 1},
                    "content_html": {"type": "string"},
                    "content_text": {"type": "string"},
                    "summary": {"type": "string"},
                    "image": URL,
                    "date_published": {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00$"},
                    "date_modified": {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00$"},
                    "authors": AUTHORS,
                    "tags": {"type": "array", "items": {"type": "string", "pattern": "^[^,]+$"}},
                    "attachments": {
                        "type": "array",
                        "items": {"type": "object", "required": ["url", "mime_type"], "properties": {"url": URL}},
                    },
                },
            },
        },
    },
}


def test_atom_elements_have_no_prefix(publisher: Publisher) -> None:
    for _, document in documents(publisher, "atom"):
        assert {element.prefix for element in etree.fromstring(document).iter(f"{ATOM}*")} == {None}


def test_json_feed_matches_the_schema(publisher: Publisher) -> None:
    for key, document in documents(publisher, "json"):
        feed = json.loads(document)
        jsonschema.validate(feed, JSON_FEED)
        assert feed["feed_url"] == f"http://127.0.0.1:8000/{key}.json"
        for item in feed["items"]:
            check_title(item["title"])
            check_html(item["content_html"])


def test_opml_keeps_the_validator_rules(publisher: Publisher) -> None:
    for key in ("subscriptions", "subscriptions-flat"):
        root = etree.fromstring(render(publisher, "opml", key))
        assert (root.tag, root.get("version")) == ("opml", "2.0")
        assert root.findtext("head/title")
        for outline in root.iter("outline"):
            assert outline.get("text")
            assert outline.get("title")
            if not len(outline):
                assert outline.get("type") == "rss"
                assert "version" not in outline.attrib
                check_uri(outline.get("xmlUrl") or "")
                check_uri(outline.get("htmlUrl") or "")
