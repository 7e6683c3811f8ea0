"""What people do with the pages, in a browser: find, subscribe, take along, go from day to day; whoever they are."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import feedparser
import pytest
from playwright.sync_api import Download, Locator, Page, expect

from tests.exporters.test_epub import Book
from tests.exporters.test_html import LIBRARY
from tests.support.browser import Visits, get, overflows
from tests.support.digests import write_files
from tests.support.servers import ROOT, Server, serving

pytestmark = pytest.mark.external

PHONE_AT_NIGHT: dict[str, Any] = {"phone": True, "dark": True}
WITHOUT_SCRIPTS: dict[str, Any] = {"javascript": False}
EVERYBODY = pytest.mark.parametrize(
    "visitor", [{}, PHONE_AT_NIGHT, WITHOUT_SCRIPTS], ids=["desktop", "phone at night", "without scripts"]
)
KINDS = ["/", "/latest", "/2024-01-30", "/2024-W05", "/2024", "/all", "/weekly", "/search?q=확산", "/books"]
KINDS += ["/papers/2401.00002"]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of six papers."""
    root, home = tmp_path_factory.mktemp("library"), tmp_path_factory.mktemp("home")
    write_files(root, LIBRARY)
    environ = {"HOME": str(home), "FEEDS_INDEX": f"{home}/index.sqlite", "PYTHONPATH": str(ROOT)}
    with serving(root, environ) as server:
        yield server


def titles(page: Page) -> list[str]:
    """Read the titles of the papers on a page."""
    return page.locator("article").locator("h1, h2, h3").filter(has=page.locator("a")).all_inner_texts()


def offered(page: Page, name: str) -> Locator:
    """Find the link to a page in another format."""
    return page.locator(".offer > p").get_by_role("link", name=name, exact=True)


def titles_of_feed(server: Server, address: str) -> list[str]:
    """Ask for a feed, and read the titles in it."""
    feed = feedparser.parse(get(server, address.removeprefix(server.base)))
    assert not feed.bozo
    return [entry.title for entry in feed.entries]


def titles_of_book(download: Download, folder: Path) -> list[str]:
    """Read the titles of the papers in a book that was downloaded."""
    assert re.fullmatch(r"daily-papers-[\w-]+\.epub", download.suggested_filename)
    path = folder / download.suggested_filename
    download.save_as(path)
    book = Book(path.read_bytes())
    assert book.archive.testzip() is None
    assert book.archive.read("mimetype") == b"application/epub+zip"
    return [label for _, label, address in book.contents() if address.startswith("paper-")]


def follow(page: Page, link: Locator) -> None:
    """Press what leads to another page, and wait until that is there."""
    with page.expect_navigation():
        link.click()


def download(page: Page, button: Locator) -> Download:
    """Press what downloads a file."""
    with page.expect_download() as found:
        button.click()
    return found.value


@EVERYBODY
def test_a_paper_is_found_by_a_korean_word_and_narrowed_down(
    browse: Visits, library: Server, visitor: dict[str, Any]
) -> None:
    page = browse(f"{library.base}/", **visitor)
    page.get_by_role("searchbox").fill("확산")
    follow(page, page.get_by_role("search").get_by_role("button", name="검색"))
    assert titles(page) == ["Gamma Rays", "Beta", "Alpha"]
    assert set(page.locator("article mark").all_inner_texts()) == {"확산"}
    assert page.get_by_role("searchbox").input_value() == "확산"
    for facet, left in (
        ("2024", ["Gamma Rays", "Beta"]),
        ("코드 있음", ["Gamma Rays"]),
        ("모든 해", ["Gamma Rays", "Alpha"]),
        ("동영상 있음", ["Gamma Rays"]),
    ):
        follow(page, page.get_by_role("navigation", name="좁혀 보기").get_by_role("link", name=facet))
        assert titles(page) == left
    assert overflows(page) == []
    follow(page, page.get_by_role("link", name="Gamma Rays"))
    assert page.get_by_role("heading", level=1).inner_text() == "Gamma Rays"


@EVERYBODY
def test_a_search_can_be_subscribed_to_and_taken_along(
    browse: Visits, library: Server, visitor: dict[str, Any], tmp_path: Path
) -> None:
    page = browse(f"{library.base}/search?q=확산&has=video", **visitor)
    assert titles(page) == ["Gamma Rays", "Beta"]
    for name in ("RSS", "ATOM"):
        assert titles_of_feed(library, offered(page, name).get_attribute("href") or "") == titles(page)
    assert titles_of_book(download(page, offered(page, "EPUB")), tmp_path) == titles(page)


@EVERYBODY
def test_the_filter_of_a_day_leads_to_a_search_in_it(browse: Visits, library: Server, visitor: dict[str, Any]) -> None:
    page = browse(f"{library.base}/2024-W05", **visitor)
    page.locator("summary", has_text="상세 조건").click()
    page.get_by_label("최소 추천 수").fill("5")
    page.get_by_label("정렬").select_option("추천순")
    page.get_by_label("동영상 있음").check()
    follow(page, page.get_by_role("button", name="보기", exact=True))
    assert titles(page) == ["Beta", "Gamma Rays"]
    assert page.get_by_label("시작일").input_value() == "2024-01-29"
    assert page.get_by_label("동영상 있음").is_checked()


def test_the_copied_address_is_a_feed(browse: Visits, served: Server) -> None:
    page = browse("/")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="RSS 주소 복사").click()
    expect(page.locator("#status")).to_have_text("복사했습니다")
    address = page.evaluate("navigator.clipboard.readText()")
    assert address == f"{served.base}/latest.rss"
    assert len(titles_of_feed(served, address)) == 24
    assert page.locator("link[rel=alternate]").first.get_attribute("href") == "/latest.rss"


# What the clipboard of the browser is, and the one of old: the text that was given to it.
CLIPBOARDS = {
    "new": "navigator.clipboard.writeText = async (text) => { window.given = text }",
    "old": """Object.defineProperty(navigator, "clipboard", { value: undefined });
        document.execCommand = (command) => { window.given = `${command} ${getSelection()}`; return true }""",
    "refused": 'navigator.clipboard.writeText = async () => { throw new Error("refused") }',
    "old and refused": """Object.defineProperty(navigator, "clipboard", { value: undefined });
        document.execCommand = () => false""",
}


def with_clipboard(browse: Visits, kind: str) -> tuple[Page, Locator]:
    """Open a page in a browser with such a clipboard and a clock that stands still, and find a button that copies."""
    page = browse("about:blank")
    page.add_init_script(CLIPBOARDS[kind])
    page.clock.install()
    page.goto("/")
    return page, page.get_by_role("button", name="RSS 주소 복사")


@pytest.mark.parametrize(("kind", "given"), [("new", ""), ("old", "copy ")])
def test_a_button_copies_an_address_and_says_so_for_two_seconds(
    browse: Visits, served: Server, kind: str, given: str
) -> None:
    page, button = with_clipboard(browse, kind)
    button.click()
    page.clock.run_for(1500)
    button.click()
    expect(button).to_have_text("복사했습니다")
    expect(page.get_by_role("status")).to_have_text("복사했습니다")
    expect(button).to_be_focused()
    assert page.evaluate("given") == f"{given}{served.base}/latest.rss"
    page.clock.run_for(1500)
    expect(button).to_have_text("복사했습니다")
    page.clock.run_for(1000)
    expect(button).to_have_text("복사")
    expect(page.locator("#status")).to_have_text("")


@pytest.mark.parametrize("kind", ["refused", "old and refused"])
def test_an_address_that_could_not_be_copied_is_selected(browse: Visits, served: Server, kind: str) -> None:
    page, button = with_clipboard(browse, kind)
    button.click()
    expect(page.get_by_label("RSS", exact=True)).to_be_focused()
    selected = (
        "document.activeElement.value.slice(document.activeElement.selectionStart, document.activeElement.selectionEnd)"
    )
    assert page.evaluate(selected) == f"{served.base}/latest.rss"
    expect(button).to_have_text("복사")
    expect(page.locator("#status")).to_have_text("")


def test_a_citation_is_copied(browse: Visits, library: Server) -> None:
    page = browse(f"{library.base}/papers/2401.00002")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.locator(".citation").get_by_role("button", name="복사").click()
    expect(page.locator("#status")).to_have_text("복사했습니다")
    assert page.evaluate("navigator.clipboard.readText()") == page.get_by_label("인용").input_value()


@pytest.mark.parametrize("path", ["/latest", "/search?q=%ED%99%95%EC%82%B0&has=code"])
def test_readers_on_the_web_are_given_the_very_address(browse: Visits, library: Server, path: str) -> None:
    page = browse(library.base + path)
    page.locator("summary", has_text="이 페이지 구독하기").click()
    name, _, query = path.partition("?")
    address = f"{library.base}{name}.rss" + (f"?{query}" if query else "")
    services = page.locator(".services a")
    assert services.all_inner_texts() == ["Feedly", "Inoreader", "NewsBlur", "The Old Reader"]
    for service in services.all():
        assert (service.get_attribute("href") or "").endswith(quote(address, safe=""))
    assert page.get_by_label("RSS", exact=True).input_value() == address
    assert titles_of_feed(library, address) == titles(page)


def test_without_scripts_addresses_are_there_to_select(browse: Visits, served: Server) -> None:
    page = browse("/", **WITHOUT_SCRIPTS)
    field = page.locator("#subscribe").get_by_label("RSS", exact=True)
    assert field.is_visible()
    assert field.input_value() == f"{served.base}/latest.rss"
    field.select_text()
    assert page.locator("[data-copies]").count() > 3
    assert page.locator("[data-copies]:visible").count() == 0


@EVERYBODY
def test_a_book_of_ones_own_choice_holds_what_a_look_first_shows(
    browse: Visits, library: Server, visitor: dict[str, Any], tmp_path: Path
) -> None:
    page = browse(f"{library.base}/", **visitor)
    follow(page, page.get_by_role("navigation", name="주 메뉴").get_by_role("link", name="전자책"))
    form = page.locator("form.fields")
    asked = {
        "검색어": "확산",
        "시작일": "2023-01-01",
        "종료일": "2024-01-31",
        "최소 추천 수": "5",
        "최대 논문 수": "2",
    }
    for label, value in asked.items():
        form.get_by_label(label).fill(value)
    form.get_by_label("정렬").select_option("추천순")
    taken = download(page, form.get_by_role("button", name="EPUB 내려받기"))
    follow(page, form.get_by_role("button", name="미리 보기"))
    assert titles(page) == ["Beta", "Gamma Rays"]
    assert {name: value for name, (value,) in parse_qs(urlsplit(page.url).query).items()} == {
        "q": "확산",
        "from": "2023-01-01",
        "to": "2024-01-31",
        "min_votes": "5",
        "limit": "2",
        "order": "votes",
    }
    assert sorted(titles_of_book(taken, tmp_path)) == titles(page)
    assert overflows(page) == []


def test_an_empty_form_makes_a_book_of_everything(browse: Visits, library: Server, tmp_path: Path) -> None:
    page = browse(f"{library.base}/books")
    form = page.locator("form.fields")
    for field in form.locator("input:not([type=checkbox])").all():
        field.fill("")
    book = download(page, form.get_by_role("button", name="EPUB 내려받기"))
    assert len(titles_of_book(book, tmp_path)) == 6


def test_a_book_from_a_day_to_one_before_it_is_refused_in_words(browse: Visits, library: Server) -> None:
    page = browse(f"{library.base}/books")
    form = page.locator("form.fields")
    form.get_by_label("시작일").fill("2024-02-01")
    form.get_by_label("종료일").fill("2024-01-01")
    with page.expect_response("**/search.epub?*") as refused:
        form.get_by_role("button", name="EPUB 내려받기").click()
    assert refused.value.status == 400
    expect(page.locator("body")).to_contain_text("2024-02-01")
    browse.faults[:] = [fault for fault in browse.faults if "400" not in fault]


@EVERYBODY
def test_days_are_followed_from_the_newest_to_the_oldest_and_back(
    browse: Visits, library: Server, visitor: dict[str, Any]
) -> None:
    page = browse(f"{library.base}/", **visitor)
    follow(page, page.get_by_role("link", name="이날 논문 읽기"))
    for relation in ("prev", "next"):
        seen = [page.url.rpartition("/")[2]]
        while page.locator(f"[rel={relation}]").count():
            follow(page, page.locator(f"nav [rel={relation}]").first)
            seen.append(page.url.rpartition("/")[2])
        days = ["2024-03-20", "2024-02-02", "2024-01-30", "2024-01-29", "2023-12-28"]
        assert seen == (days if relation == "prev" else days[::-1])


@EVERYBODY
def test_a_day_leads_to_its_week_month_and_year_and_the_calendar_to_a_day(
    browse: Visits, library: Server, visitor: dict[str, Any]
) -> None:
    page = browse(f"{library.base}/2024-01-30", **visitor)
    for name, papers in (("2024년 5주", 4), ("2024년 1월", 3)):
        follow(page, page.locator("main").get_by_role("link", name=name).first)
        assert len(titles(page)) == papers
    follow(page, page.locator("main").get_by_role("link", name="2024년", exact=True))
    assert overflows(page) == []
    follow(page, page.get_by_role("link", name="2월 2일, 논문 1편"))
    assert titles(page) == ["한국어 제목"]
    follow(page, page.get_by_role("navigation", name="주 메뉴").get_by_role("link", name="지난 논문"))
    follow(page, page.get_by_role("link", name="2023년 12월"))
    assert titles(page) == ["Alpha"]


@pytest.mark.parametrize("path", KINDS)
def test_a_phone_at_night_is_wide_enough_for_all_that_opens(browse: Visits, library: Server, path: str) -> None:
    page = browse(library.base + path, **PHONE_AT_NIGHT)
    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true })")
    assert overflows(page) == []


# Notes what takes the focus: its place among all that can, or what else it is, and whether one sees that it does.
FOCUS = """() => {
  document.querySelectorAll("details").forEach((each) => { each.open = true });
  const all = [...document.querySelectorAll("a[href], button, input, select, textarea, summary, video")]
    .filter((each) => each.checkVisibility());
  window.focused = [];
  addEventListener("focusin", ({ target }) => {
    const { outlineStyle, outlineWidth } = getComputedStyle(target);
    const rect = target.querySelector("rect");
    const stroke = rect && getComputedStyle(rect);
    const isSeen = (outlineStyle !== "none" && parseFloat(outlineWidth) >= 2)
      || (stroke && stroke.stroke !== "none" && parseFloat(stroke.strokeWidth) >= 2);
    const box = target.getBoundingClientRect();
    const isThere = box.right > 0 && box.width > 0 && box.height > 0;
    const place = all.indexOf(target);
    focused.push([place, Boolean(isSeen && isThere), target.outerHTML.slice(0, 100)]);
  });
  return all.length;
}"""


@pytest.mark.parametrize("path", KINDS)
def test_whoever_has_a_keyboard_only_reaches_everything_in_order_and_sees_where(
    browse: Visits, library: Server, path: str
) -> None:
    page = browse(library.base + path)
    count = page.evaluate(FOCUS)
    for _ in range(count * 2 + 30):  # a date has several fields
        page.keyboard.press("Tab")
        if page.evaluate(
            "count => focused.at(-1)?.[0] === count - 1 || document.activeElement === document.body", count
        ):
            break
    focused: list[list[Any]] = page.evaluate("focused")
    places = [place for place, _, _ in focused]
    assert list(dict.fromkeys(place for place in places if place >= 0)) == list(range(count))
    assert [what for _, is_seen, what in focused if not is_seen] == []


def test_the_first_tab_skips_to_the_content(browse: Visits, library: Server) -> None:
    page = browse(f"{library.base}/")
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="본문으로 건너뛰기")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.querySelector('main').contains(document.activeElement)")


def test_a_search_and_a_subscription_by_keyboard(browse: Visits, library: Server) -> None:
    page = browse(f"{library.base}/")
    for _ in range(7):  # past the link that skips, the title and four links
        page.keyboard.press("Tab")
    page.keyboard.type("확산")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert titles(page) == ["Gamma Rays", "Beta", "Alpha"]
    summary = page.locator("summary", has_text="이 페이지 구독하기")
    summary.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_label("RSS", exact=True)).to_be_focused()


# Lists the texts that stand under a language that is not theirs: Hangul under another, words of English under Korean.
FOREIGN_TEXTS = """() => {
  const found = [];
  const check = (element, text, isProse) => {
    const language = element.closest("[lang]").lang;
    const isKorean = /[가-힣]/.test(text);
    const isEnglish = isProse && !isKorean && /([A-Za-z]{2,}[ ,:-]+){2}[A-Za-z]{2,}/.test(text);
    if ((isKorean && language !== "ko") || (isEnglish && language !== "en")) found.push(`${language}: ${text.trim()}`);
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const parent = walker.currentNode.parentElement;
    check(parent, walker.currentNode.data, !parent.closest(".summary"));
  }
  for (const element of document.body.querySelectorAll("*"))
    for (const name of ["aria-label", "placeholder", "title", "alt", "data-copied"])
      if (element.hasAttribute(name)) check(element, element.getAttribute(name), false);
  return found;
}"""


@pytest.mark.parametrize(("locale", "language"), [("en-US", "en"), ("ko-KR", "ko")])
@pytest.mark.parametrize("path", [*KINDS, "/daily", "/e-reader"])
def test_each_text_says_its_language(browse: Visits, library: Server, path: str, locale: str, language: str) -> None:
    page = browse(library.base + path, locale=locale)
    assert page.locator("html").get_attribute("lang") == language
    assert page.evaluate(FOREIGN_TEXTS) == []


def test_a_reader_of_english_gets_english_words_and_dates_around_korean_papers(browse: Visits) -> None:
    page = browse("/", locale="en-US")
    expect(page.get_by_role("heading", level=2).first).to_have_text("Wednesday, March 20, 2024")
    assert page.evaluate(FOREIGN_TEXTS) == []
    page.get_by_role("searchbox").fill("확산")
    follow(page, page.get_by_role("button", name="Search"))
    expect(page.get_by_role("status").first).to_have_text(re.compile(r"\d+ papers"))
    expect(page.locator("article .facts time").first).to_have_text("March 20, 2024")
    assert page.evaluate(FOREIGN_TEXTS) == []
    follow(page, page.locator("article h2 a").first)
    expect(page.locator("main .facts a").first).to_have_text("Wednesday, March 20, 2024")
    assert page.evaluate(FOREIGN_TEXTS) == []


@pytest.mark.parametrize("path", ["/2024-01-30", "/2024-W05", "/search?q=확산", "/papers/2401.00002"])
def test_what_is_printed_is_papers_and_nothing_to_press(browse: Visits, library: Server, path: str) -> None:
    shown = titles(browse(library.base + path))
    page = browse(library.base + path, printed=True, dark=True)
    assert titles(page) == shown
    for article in page.locator("article").all():
        assert article.is_visible()
    tools = page.locator("form, nav, header, footer, button, input, select, summary, video, .offer, .skip, #status")
    assert tools.count() > 5
    assert [each.evaluate("each => each.outerHTML") for each in tools.all() if each.is_visible()] == []
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


def test_an_e_reader_needs_neither_scripts_nor_style(browse: Visits, library: Server, tmp_path: Path) -> None:
    page = browse("about:blank", **WITHOUT_SCRIPTS)
    page.route("**/*.css", lambda route: route.abort("aborted"))
    page.goto(f"{library.base}/e-reader")
    assert page.locator("script").count() == 0
    links = page.locator("p.first a, li a")
    addresses = [each.get_attribute("href") or "" for each in links.all()]
    assert addresses[:3] == ["/latest.epub", "/2024-03-20.epub", "/2024-W12.epub"]
    assert all(address.endswith(".epub") for address in addresses)
    assert len(titles_of_book(download(page, links.first), tmp_path)) == 6
    page.get_by_label("검색어").fill("확산")
    book = download(page, page.get_by_role("button", name="EPUB 내려받기"))
    assert titles_of_book(book, tmp_path) == ["Gamma Rays", "Beta", "Alpha"]


class Heard:
    """What a screen reader is given of a page: Chromium's accessibility tree."""

    def __init__(self, page: Page) -> None:
        nodes = page.context.new_cdp_session(page).send("Accessibility.getFullAXTree")["nodes"]
        self._nodes: dict[str, dict[str, Any]] = {node["nodeId"]: node for node in nodes}

    def all(self, role: str, inside: str | None = None) -> list[str]:
        """List the nodes of a role, in a node or anywhere."""
        nodes = self._below(inside) if inside else self._nodes
        return [each for each in nodes if self._value(each, "role") == role]

    def name(self, node: str) -> str:
        """Say what a node is called."""
        return self._value(node, "name")

    def _value(self, node: str, name: str) -> str:
        return str(self._nodes[node].get(name, {}).get("value", ""))

    def _below(self, node: str) -> Iterator[str]:
        for child in self._nodes[node].get("childIds", []):
            if child in self._nodes:
                yield child
                yield from self._below(child)


@pytest.mark.parametrize(
    ("locale", "name", "first", "days"),
    [
        ("ko-KR", "2024년 1월 논문 3편", "일요일", ["1월 29일, 논문 1편", "1월 30일, 논문 2편"]),
        ("en-US", "January 2024 3 papers", "Sunday", ["January 29, 1 paper", "January 30, 2 papers"]),
    ],
)
def test_the_calendar_is_heard_as_a_table_of_days(
    browse: Visits, library: Server, locale: str, name: str, first: str, days: list[str]
) -> None:
    heard = Heard(browse(f"{library.base}/2024", locale=locale))
    (table,) = [each for each in heard.all("table") if heard.name(each) == name]
    heads, *weeks = heard.all("row", table)
    names = [heard.name(each) for each in heard.all("columnheader", heads)]
    assert (len(names), names[0]) == (7, first)
    assert len(weeks) == 5
    assert {len(heard.all("cell", week)) for week in weeks} == {7}
    assert [heard.name(link) for cell in heard.all("cell", table) for link in heard.all("link", cell)] == days
