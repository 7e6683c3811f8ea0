"""Stored pictures: the addresses in pages and feeds, what a build writes of them, and which documents they change."""

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from lxml import html
from obstore.store import MemoryStore

from feeds.archive.snapshot import Snapshot
from feeds.exporters.registry import Registry
from feeds.images.picture import EncodedImage, Picture
from feeds.progress import no_progress
from feeds.publishing.bucket import Bucket
from feeds.publishing.publish import publish
from feeds.publishing.publisher import Publisher
from tests.support.digests import OpenFiles, day, paper, render
from tests.support.sites import build_site, read_files

FIRST, SECOND, FILM = "https://e.org/first.png", "https://e.org/second.png", "https://e.org/film.png"
BASE = "https://papers.example.org/daily"
SETTINGS = f'base_url = "{BASE}"'
NOW = datetime(2024, 3, 1, tzinfo=UTC)
ADDRESS = re.compile(rb"(?<=/daily/)pictures/[0-9a-f]{64}\.(?:jpg|png)")
FILES = {
    "feeds.toml": SETTINGS,
    "1.md": day("2024-01-30", paper("One", "2401.1", media=f"![]({FIRST})"), paper("None", "2401.2")),
    "2.md": day(
        "2024-02-15",
        paper("Two", "2402.1", media=f"![]({SECOND})"),
        paper("Film", "2402.2", media=f"![](https://e.org/film.mp4)\n![]({FILM})"),
        paper("One again", "2401.1", media=f"![]({FIRST})"),
    ),
}


def store(
    publisher: Publisher, url: str, sizes: Sequence[tuple[int, int]] = ((1000, 500), (600, 300), (320, 160))
) -> Picture:
    """Store a picture of bytes that are unlike those of other URLs; the store does not decode them."""
    images = [
        EncodedImage("image/png" if width == 320 else "image/jpeg", width, height, f"{url} {width} {place}".encode())
        for place, (width, height) in enumerate(sizes)
    ]
    publisher.store.store(url, images, "", "", NOW)
    return publisher.store.pictures([url])[url]


def names_in(folder: Path) -> set[str]:
    """List the pictures of a built site."""
    return {f"pictures/{path.name}" for path in folder.glob("pictures/*")}


def links_in(files: dict[str, bytes]) -> set[str]:
    """List the pictures that the pages and feeds of a site link to."""
    return {link.decode() for body in files.values() for link in ADDRESS.findall(body)}


def image_of(page: bytes) -> dict[str, str]:
    """Return the attributes of the first picture of a page."""
    return dict(html.fromstring(page).xpath("//img")[0].attrib)


def test_page_offers_a_stored_picture_in_all_widths(open_files: OpenFiles) -> None:
    publisher = open_files(FILES)
    large, middle, small = (f"/daily/pictures/{size.name}" for size in store(publisher, FIRST).renditions)
    shown = image_of(render(publisher, "html", "papers/2401.00001"))
    assert (shown["src"], shown["width"], shown["height"]) == (large, "1000", "500")
    assert shown["srcset"] == f"{large} 1000w, {middle} 600w, {small} 320w"
    assert (shown["decoding"], shown.get("loading")) == ("async", None)
    thumb = image_of(render(publisher, "html", "2024-01-30"))
    assert (thumb["src"], thumb["srcset"]) == (small, shown["srcset"])
    assert thumb["sizes"].endswith("6.5rem")
    assert FIRST not in render(publisher, "html", "papers/2401.00001").decode()


def test_picture_in_several_files_of_one_width_has_the_smallest(open_files: OpenFiles) -> None:
    publisher = open_files(FILES)
    picture = store(publisher, FIRST, [(300, 200), (300, 200), (100, 60)])
    assert [size.name for size in picture.by_width] == [size.name for size in picture.renditions[1:]]
    shown = image_of(render(publisher, "html", "papers/2401.00001"))
    assert re.findall(r" (\d+w)", shown["srcset"]) == ["300w", "100w"]


def test_share_preview_and_poster_are_stored_pictures(open_files: OpenFiles) -> None:
    publisher = open_files(FILES)
    largest = store(publisher, FILM).renditions[0].path
    page = html.fromstring(render(publisher, "html", "papers/2402.00002"))
    assert page.xpath("//meta[@property='og:image']/@content") == [f"{BASE}/{largest}"]
    assert page.xpath("//meta[@property='og:image:width']/@content") == ["1000"]
    assert page.xpath("//video/@poster") == [f"/daily/{largest}"]


def test_feeds_name_the_largest_stored_picture(open_files: OpenFiles) -> None:
    publisher = open_files(FILES)
    url = f"{BASE}/{store(publisher, FIRST).renditions[0].path}"
    for format_name in ("rss", "atom"):
        feed = render(publisher, format_name, "2024-01-30").decode()
        assert f'thumbnail url="{url}" width="1000" height="500"' in feed
        assert f'img src="{url}" width="1000"' in feed.replace("&lt;", "<").replace("&#34;", '"').replace("&quot;", '"')
        assert FIRST not in feed
    (item, _) = json.loads(render(publisher, "json", "2024-01-30"))["items"]
    assert item["image"] == url


@pytest.mark.parametrize("has_store", [False, True])
def test_picture_that_is_not_stored_is_at_the_source(open_files: OpenFiles, has_store: bool) -> None:
    publisher = open_files(FILES)
    if has_store:
        store(publisher, SECOND)
    shown = image_of(render(publisher, "html", "papers/2401.00001"))
    assert shown["src"] == FIRST
    assert "srcset" not in shown
    (item, _) = json.loads(render(publisher, "json", "2024-01-30"))["items"]
    assert item["image"] == FIRST


def test_paper_without_picture_has_a_tile_that_is_not_read_out(open_files: OpenFiles) -> None:
    page = html.fromstring(render(open_files(FILES), "html", "2024-01-30"))
    (tile,) = page.xpath("//*[contains(@class, 'tile')]")
    assert (tile.get("data-word"), tile.get("aria-hidden"), tile.text_content()) == ("None", "true", "")
    assert re.search(r"\btile[1-6]\b", tile.get("class"))


def test_new_picture_changes_only_the_documents_that_show_it(open_files: OpenFiles) -> None:
    publisher = open_files(FILES)

    def etags() -> dict[str, str]:
        return {item.path: item.etag for item in publisher.all_representations()}

    before = etags()
    store(publisher, SECOND)
    after = etags()
    changed = {path for path, etag in before.items() if after[path] != etag}
    assert {"", "2024-02-15", "2024-02-15.rss", "2024-02-15.epub", "latest.json", "papers/2402.00001"} <= changed
    shown_nowhere = ("2024-01-30", "books", "e-reader", "2024", "all", "days", "papers/2401.00001", "daily.rss", "opds")
    assert changed.isdisjoint(shown_nowhere)
    assert not [path for path in changed if path.endswith((".bib", ".cover.jpg", ".opds", ".css"))]
    assert len(after) == len(before) + 3  # the picture in three widths


def test_documents_without_a_store_take_no_query_for_pictures(
    open_files: OpenFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    publisher = open_files(FILES)
    queries = []
    monkeypatch.setattr(Snapshot, "image_urls", lambda *arguments: queries.append(arguments))
    publisher.all_representations()
    assert queries == []


def test_build_writes_the_pictures_that_its_documents_show(open_files: OpenFiles, tmp_path: Path) -> None:
    publisher, out = open_files(FILES), tmp_path / "site"
    store(publisher, "https://e.org/of-no-paper.png")
    first, film = store(publisher, FIRST), store(publisher, FILM)
    build_site(publisher, out, ["gzip"])
    assert names_in(out) == links_in(read_files(out)) == {size.path for size in (*first.renditions, *film.renditions)}
    assert (out / film.renditions[0].path).read_bytes() == publisher.store.read(film.renditions[0].name)
    files = {path: (path.stat().st_ino, path.stat().st_mtime_ns) for path in out.glob("pictures/*")}
    second = store(publisher, SECOND)
    build_site(publisher, out, ["gzip"])
    assert names_in(out) - {path.relative_to(out).as_posix() for path in files} == {
        size.path for size in second.renditions
    }
    assert {path: (path.stat().st_ino, path.stat().st_mtime_ns) for path in files} == files


def test_pages_load_no_picture_from_elsewhere(open_files: OpenFiles, tmp_path: Path) -> None:
    publisher, out = open_files(FILES), tmp_path / "site"
    for url in (FIRST, SECOND, FILM):
        store(publisher, url)
    build_site(publisher, out)
    loaded = {
        path.name: html.fromstring(path.read_bytes()).xpath("//img/@src | //img/@srcset | //@poster")
        for path in out.rglob("*.html")
    }
    assert {len(links) > 0 for name, links in loaded.items() if name in ("index.html", "2402.00002.html")} == {True}
    assert [link for links in loaded.values() for link in links if not link.startswith("/daily/pictures/")] == []
    texts = {name: body for name, body in read_files(out).items() if name.endswith((".html", ".rss", ".atom", ".json"))}
    assert [name for name, text in texts.items() if FIRST.encode() in text] == []


def test_build_of_feeds_writes_the_largest_pictures_only(open_files: OpenFiles, tmp_path: Path) -> None:
    publisher = open_files(FILES)
    picture = store(publisher, FIRST)
    feeds = Registry([item for item in publisher.formats if item.name == "atom"])
    build_site(Publisher(publisher.archive, feeds, publisher.site, publisher.store), tmp_path / "site")
    assert names_in(tmp_path / "site") == {picture.renditions[0].path}


def test_picture_that_no_document_shows_any_more_is_removed(open_files: OpenFiles, tmp_path: Path) -> None:
    publisher, out, objects = open_files(FILES), tmp_path / "site", MemoryStore()
    first, second = store(publisher, FIRST), store(publisher, SECOND)

    def update(publisher: Publisher) -> None:
        build_site(publisher, out)
        publish(publisher, Bucket(objects, "memory://", compress=False), 1, no_progress, force=True)

    update(publisher)
    update(open_files({"2.md": day("2024-02-15", paper("One again", "2401.1", media=f"![]({FIRST})"))}))
    in_bucket = {entry["path"] for page in objects.list("pictures") for entry in page}
    assert names_in(out) == in_bucket == {size.path for size in first.renditions}
    assert second.renditions[0].path not in in_bucket
    update(open_files({"1.md": day("2024-01-30", paper("One", "2401.1"))}))
    assert names_in(out) == {size.path for size in first.renditions}  # the other day still shows it


def test_published_picture_may_be_kept_for_a_year(open_files: OpenFiles) -> None:
    publisher, objects = open_files(FILES), MemoryStore()
    path = store(publisher, FIRST).renditions[0].path
    publish(publisher, Bucket(objects, "memory://", compress=False), 1, no_progress)
    attributes = objects.get(path).attributes
    assert attributes["Cache-Control"] == "public, max-age=31536000, immutable"
    assert attributes["Content-Type"] == "image/jpeg"


def test_lost_picture_is_an_error_until_it_is_fetched_again(open_files: OpenFiles, tmp_path: Path) -> None:
    publisher, out = open_files(FILES), tmp_path / "site"
    lost = store(publisher, FIRST).renditions[0]
    (publisher.store.root / lost.name[:2] / lost.name).write_bytes(b"altered")
    report = build_site(publisher, out)
    assert [
        re.search(r"the picture was altered; run `feeds images`", error) is not None for error in report.errors
    ] == [True]
    assert lost.path not in names_in(out)
    store(publisher, FIRST)
    assert build_site(publisher, out).errors == ()
    assert names_in(out) == links_in(read_files(out))
