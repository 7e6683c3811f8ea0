"""What visitors do with the pages in a browser: search, subscribe, download, navigate, copy, print, read aloud."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import feedparser
import pytest
from playwright.sync_api import Download, Locator, Page, expect

from tests.support import validators
from tests.support.books import Book
from tests.support.browser import PageOpener, find_overflows, get
from tests.support.digests import write_files
from tests.support.library import LIBRARY
from tests.support.servers import ROOT, Server, serving

pytestmark = pytest.mark.external

DARK_PHONE: dict[str, Any] = {"phone": True, "dark": True}
WITHOUT_SCRIPTS: dict[str, Any] = {"javascript": False}
ALL_VISITORS = pytest.mark.parametrize(
    "visitor", [{}, DARK_PHONE, WITHOUT_SCRIPTS], ids=["desktop", "dark phone", "without scripts"]
)
PATHS = ["/", "/latest", "/2024-01-30", "/2024-W05", "/2024", "/all", "/weekly", "/search?q=확산", "/books"]
PATHS += ["/papers/2401.00002"]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of six papers."""
    root, home = tmp_path_factory.mktemp("library"), tmp_path_factory.mktemp("home")
    write_files(root, LIBRARY)
    environ = {"HOME": str(home), "FEEDS_INDEX": f"{home}/index.sqlite", "PYTHONPATH": str(ROOT)}
    with serving(root, environ) as server:
        yield server


def titles(page: Page) -> list[str]:
    """Return the titles of the papers on a page."""
    return page.locator("article").locator("h1, h2, h3").filter(has=page.locator("a")).all_inner_texts()


def format_link(page: Page, name: str) -> Locator:
    """Open the menu that has a format, and return the link to the page in it."""
    menu = page.locator(".offer details").filter(has=page.locator(f"a:text-is('{name}')"))
    if menu.get_attribute("open") is None:
        menu.locator("summary").click()
    return menu.get_by_role("link", name=name, exact=True)


def feed_titles(server: Server, url: str) -> list[str]:
    """Get a feed and return the titles of its entries."""
    feed = feedparser.parse(get(server, url.removeprefix(server.base)))
    assert not feed.bozo
    return [entry.title for entry in feed.entries]


def book_titles(download: Download, folder: Path) -> list[str]:
    """Save a downloaded book and return the titles of its papers."""
    assert re.fullmatch(r"daily-papers-[\w-]+\.epub", download.suggested_filename)
    path = folder / download.suggested_filename
    download.save_as(path)
    book = Book(path.read_bytes())
    assert book.archive.testzip() is None
    assert book.archive.read("mimetype") == b"application/epub+zip"
    return [label for _, label, href in book.contents() if "#paper-" in href]


def follow(page: Page, link: Locator) -> None:
    """Click a link and wait until its page is loaded."""
    with page.expect_navigation():
        link.click()


def download(page: Page, button: Locator) -> Download:
    """Click a button and return the file that it downloads."""
    with page.expect_download() as event:
        button.click()
    return event.value


@ALL_VISITORS
def test_search_lists_papers_and_facets_narrow_it(
    open_page: PageOpener, library: Server, visitor: dict[str, Any]
) -> None:
    page = open_page(f"{library.base}/", **visitor)
    page.get_by_role("searchbox").fill("확산")
    follow(page, page.get_by_role("search").get_by_role("button", name="검색"))
    assert titles(page) == ["Gamma Rays", "Beta", "Alpha"]
    assert set(page.locator("article mark:visible").all_inner_texts()) == {"확산"}
    assert page.get_by_role("searchbox").input_value() == "확산"
    for facet, left in (
        ("2024", ["Gamma Rays", "Beta"]),
        ("코드 있음", ["Gamma Rays"]),
        ("모든 연도", ["Gamma Rays", "Alpha"]),
        ("동영상 있음", ["Gamma Rays"]),
    ):
        follow(page, page.get_by_role("navigation", name="결과 좁히기").get_by_role("link", name=facet))
        assert titles(page) == left
    assert find_overflows(page) == []
    follow(page, page.get_by_role("link", name="Gamma Rays"))
    assert page.get_by_role("heading", level=1).inner_text() == "Gamma Rays"


@ALL_VISITORS
def test_search_offers_feeds_and_a_book_of_its_papers(
    open_page: PageOpener, library: Server, visitor: dict[str, Any], tmp_path: Path
) -> None:
    page = open_page(f"{library.base}/search?q=확산&has=video", **visitor)
    assert titles(page) == ["Gamma Rays", "Beta"]
    for name in ("RSS", "ATOM"):
        assert feed_titles(library, format_link(page, name).get_attribute("href") or "") == titles(page)
    assert book_titles(download(page, format_link(page, "EPUB")), tmp_path) == titles(page)


@ALL_VISITORS
def test_filter_of_an_edition_searches_its_days(
    open_page: PageOpener, library: Server, visitor: dict[str, Any]
) -> None:
    page = open_page(f"{library.base}/2024-W05", **visitor)
    page.locator("summary", has_text="상세 조건").click()
    page.get_by_label("최소 추천 수").fill("5")
    page.get_by_label("정렬").select_option("추천순")
    page.get_by_label("동영상 있음").check()
    follow(page, page.get_by_role("button", name="보기", exact=True))
    assert titles(page) == ["Beta", "Gamma Rays"]
    assert page.get_by_label("시작일").input_value() == "2024-01-29"
    assert page.get_by_label("동영상 있음").is_checked()


def test_copied_url_is_a_feed(open_page: PageOpener, seeds_server: Server) -> None:
    page = open_page("/")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="RSS 주소 복사").click()
    expect(page.locator("#status")).to_have_text("복사했습니다")
    url = page.evaluate("navigator.clipboard.readText()")
    assert url == f"{seeds_server.base}/latest.rss"
    assert len(feed_titles(seeds_server, url)) == 24
    assert page.locator("link[rel=alternate]").first.get_attribute("href") == "/latest.rss"


# Replace the Clipboard API, or the older execCommand, by one that stores the text or refuses it.
CLIPBOARDS = {
    "new": "navigator.clipboard.writeText = async (text) => { window.copied = text }",
    "old": """Object.defineProperty(navigator, "clipboard", { value: undefined });
        document.execCommand = (command) => { window.copied = `${command} ${getSelection()}`; return true }""",
    "refused": 'navigator.clipboard.writeText = async () => { throw new Error("refused") }',
    "old and refused": """Object.defineProperty(navigator, "clipboard", { value: undefined });
        document.execCommand = () => false""",
}


def with_clipboard(open_page: PageOpener, kind: str) -> tuple[Page, Locator]:
    """Open the home page with one of `CLIPBOARDS` and a stopped clock; return it and its first copy button."""
    page = open_page("about:blank")
    page.add_init_script(CLIPBOARDS[kind])
    page.clock.install()
    page.goto("/")
    return page, page.get_by_role("button", name="RSS 주소 복사")


@pytest.mark.parametrize(("kind", "prefix"), [("new", ""), ("old", "copy ")])
def test_copy_button_confirms_for_two_seconds(
    open_page: PageOpener, seeds_server: Server, kind: str, prefix: str
) -> None:
    page, button = with_clipboard(open_page, kind)
    button.click()
    page.clock.run_for(1500)
    button.click()
    expect(button).to_have_text("복사했습니다")
    expect(page.get_by_role("status")).to_have_text("복사했습니다")
    expect(button).to_be_focused()
    assert page.evaluate("copied") == f"{prefix}{seeds_server.base}/latest.rss"
    page.clock.run_for(1500)
    expect(button).to_have_text("복사했습니다")
    page.clock.run_for(1000)
    expect(button).to_have_text("복사")
    expect(page.locator("#status")).to_have_text("")


@pytest.mark.parametrize("kind", ["refused", "old and refused"])
def test_refused_copy_selects_the_url(open_page: PageOpener, seeds_server: Server, kind: str) -> None:
    page, button = with_clipboard(open_page, kind)
    button.click()
    expect(page.get_by_label("RSS", exact=True)).to_be_focused()
    selected = (
        "document.activeElement.value.slice(document.activeElement.selectionStart, document.activeElement.selectionEnd)"
    )
    assert page.evaluate(selected) == f"{seeds_server.base}/latest.rss"
    expect(button).to_have_text("복사")
    expect(page.locator("#status")).to_have_text("")


def test_copy_button_copies_the_citation(open_page: PageOpener, library: Server) -> None:
    page = open_page(f"{library.base}/papers/2401.00002")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.locator(".citation").get_by_role("button", name="복사", exact=True).click()
    expect(page.locator("#status")).to_have_text("복사했습니다")
    assert page.evaluate("navigator.clipboard.readText()") == page.get_by_label("인용").input_value()


def test_copy_button_copies_bibtex(open_page: PageOpener, library: Server) -> None:
    page = open_page(f"{library.base}/papers/2401.00002")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="BibTeX").click()
    expect(page.locator("#status")).to_have_text("복사했습니다")
    assert page.evaluate("navigator.clipboard.readText()") == get(library, "/papers/2401.00002.bib").decode()


def test_share_button_shares_the_canonical_url(open_page: PageOpener, library: Server) -> None:
    page = open_page("about:blank")
    page.add_init_script("navigator.share = async ({ title, url }) => { window.shared = [title, url] }")
    page.goto(f"{library.base}/papers/2401.00002?utm_source=mail")
    page.get_by_role("button", name="공유").click()
    assert page.evaluate("shared") == ["Gamma Rays", page.locator("link[rel=canonical]").get_attribute("href")]


def focused_title(page: Page) -> str:
    """Return the title of the paper that has the focus."""
    return page.locator("article:focus").get_by_role("heading").inner_text()


def test_keys_move_between_papers_and_open_them(open_page: PageOpener, library: Server) -> None:
    page = open_page(f"{library.base}/2024-W05")
    names = titles(page)
    visited = []
    for key in "jjjjkj":
        page.keyboard.press(key)
        visited.append(focused_title(page))
    assert visited == [names[place] for place in (0, 1, 2, 3, 2, 3)]
    details = page.locator("article:focus > details")
    for key, is_open in (("o", True), ("o", False), ("Enter", True), ("Enter", False)):
        page.keyboard.press(key)
        assert details.evaluate("details => details.open") is is_open
    page.keyboard.press("j")
    assert focused_title(page) == names[3]
    page.locator("article:focus").get_by_role("link").first.focus()
    follow(page, page.locator("article :focus"))
    assert "/papers/" in page.url


def test_keys_do_nothing_while_the_reader_types(open_page: PageOpener, library: Server) -> None:
    page = open_page(f"{library.base}/2024-W05")
    page.keyboard.press("/")
    field = page.get_by_role("searchbox")
    expect(field).to_be_focused()
    page.keyboard.type("jko/?")
    expect(field).to_have_value("jko/?")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.locator("h1").click()
    page.keyboard.press("Control+j")
    expect(page.locator("article:focus")).to_have_count(0)


def test_keys_are_explained_and_can_be_switched_off(open_page: PageOpener, library: Server) -> None:
    page = open_page(f"{library.base}/2024-W05")
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="단축키")
    assert dialog.locator("kbd").all_inner_texts() == ["j", "k", "o", "/", "?"]
    assert validators.axe(page) == []
    dialog.get_by_role("checkbox").uncheck()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    for _ in range(2):
        for key in "j?/":
            page.keyboard.press(key)
        expect(dialog).to_be_hidden()
        expect(page.locator("article:focus, input:focus")).to_have_count(0)
        page.reload()
    page.get_by_role("button", name="단축키").click()
    dialog.get_by_role("checkbox").check()
    dialog.get_by_role("button", name="닫기").click()
    page.keyboard.press("j")
    expect(page.locator("article:focus")).to_have_count(1)


@pytest.mark.parametrize("path", ["/latest", "/search?q=%ED%99%95%EC%82%B0&has=code"])
def test_web_readers_get_the_url_of_the_feed(open_page: PageOpener, library: Server, path: str) -> None:
    page = open_page(library.base + path)
    page.locator(".offer summary", has_text="구독").click()
    name, _, query = path.partition("?")
    url = f"{library.base}{name}.rss" + (f"?{query}" if query else "")
    services = page.locator(".services a")
    assert services.all_inner_texts() == ["Feedly", "Inoreader", "NewsBlur", "The Old Reader"]
    for service in services.all():
        assert (service.get_attribute("href") or "").endswith(quote(url, safe=""))
    assert page.get_by_label("RSS", exact=True).input_value() == url
    assert feed_titles(library, url) == titles(page)


def test_urls_are_selectable_without_scripts(open_page: PageOpener, seeds_server: Server) -> None:
    page = open_page("/", **WITHOUT_SCRIPTS)
    field = page.locator("#subscribe").get_by_label("RSS", exact=True)
    assert field.is_visible()
    assert field.input_value() == f"{seeds_server.base}/latest.rss"
    field.select_text()
    assert page.locator("[data-copies]").count() > 3
    assert page.locator("[data-copies]:visible").count() == 0


@ALL_VISITORS
def test_custom_book_has_the_papers_of_its_preview(
    open_page: PageOpener, library: Server, visitor: dict[str, Any], tmp_path: Path
) -> None:
    page = open_page(f"{library.base}/", **visitor)
    follow(page, page.get_by_role("navigation", name="주 메뉴").get_by_role("link", name="전자책"))
    form = page.locator("form.fields")
    conditions = {
        "검색어": "확산",
        "시작일": "2023-01-01",
        "종료일": "2024-01-31",
        "최소 추천 수": "5",
        "최대 논문 수": "2",
    }
    for label, value in conditions.items():
        form.get_by_label(label).fill(value)
    form.get_by_label("정렬").select_option("추천순")
    book = download(page, form.get_by_role("button", name="EPUB 내려받기"))
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
    assert sorted(book_titles(book, tmp_path)) == titles(page)
    assert find_overflows(page) == []


def test_empty_book_form_makes_a_book_of_all_papers(open_page: PageOpener, library: Server, tmp_path: Path) -> None:
    page = open_page(f"{library.base}/books")
    form = page.locator("form.fields")
    for field in form.locator("input:not([type=checkbox])").all():
        field.fill("")
    book = download(page, form.get_by_role("button", name="EPUB 내려받기"))
    assert len(book_titles(book, tmp_path)) == 6


def test_book_form_with_reversed_days_states_the_error(open_page: PageOpener, library: Server) -> None:
    page = open_page(f"{library.base}/books")
    form = page.locator("form.fields")
    form.get_by_label("시작일").fill("2024-02-01")
    form.get_by_label("종료일").fill("2024-01-01")
    with page.expect_response("**/search.epub?*") as refused:
        form.get_by_role("button", name="EPUB 내려받기").click()
    assert refused.value.status == 400
    expect(page.locator("body")).to_contain_text("2024-02-01")
    assert [error for error in open_page.take_errors() if "400" not in error] == []


@ALL_VISITORS
def test_days_link_to_the_previous_and_the_next(
    open_page: PageOpener, library: Server, visitor: dict[str, Any]
) -> None:
    page = open_page(f"{library.base}/", **visitor)
    follow(page, page.get_by_role("heading", level=1).get_by_role("link"))
    for relation in ("prev", "next"):
        visited = [page.url.rpartition("/")[2]]
        while page.locator(f"[rel={relation}]").count():
            follow(page, page.locator(f"nav [rel={relation}]").first)
            visited.append(page.url.rpartition("/")[2])
        days = ["2024-03-20", "2024-02-02", "2024-01-30", "2024-01-29", "2023-12-28"]
        assert visited == (days if relation == "prev" else days[::-1])


@ALL_VISITORS
def test_day_links_to_its_periods_and_the_calendar_to_days(
    open_page: PageOpener, library: Server, visitor: dict[str, Any]
) -> None:
    page = open_page(f"{library.base}/2024-01-30", **visitor)
    for name, papers in (("2024년 5주", 4), ("2024년 1월", 3)):
        follow(page, page.locator("main").get_by_role("link", name=name).first)
        assert len(titles(page)) == papers
    follow(page, page.locator("main").get_by_role("link", name="2024년", exact=True))
    assert find_overflows(page) == []
    follow(page, page.get_by_role("link", name="2월 2일, 논문 1편"))
    assert titles(page) == ["한국어 제목"]
    follow(page, page.locator("footer").get_by_role("link", name="모든 논문"))
    follow(page, page.get_by_role("link", name="2023년 12월"))
    assert titles(page) == ["Alpha"]


@ALL_VISITORS
def test_navigation_leads_to_the_newest_periods(
    open_page: PageOpener, library: Server, visitor: dict[str, Any]
) -> None:
    page = open_page(f"{library.base}/books", **visitor)
    for entry, path in (("오늘", "2024-03-20"), ("이번 주", "2024-W12"), ("이번 달", "2024-03"), ("올해", "2024")):
        page.get_by_role("navigation", name="주 메뉴").get_by_role("link", name=entry).click()
        page.wait_for_url(f"{library.base}/{path}")
        current = page.locator("header [aria-current]")
        assert current.inner_text() == entry


def test_reader_chooses_a_language_and_stays_in_it(open_page: PageOpener, library: Server) -> None:
    page = open_page(f"{library.base}/2024-01-30", javascript=False)
    page.locator("header summary").click()
    follow(page, page.locator("header").get_by_role("link", name="English"))
    assert page.url == f"{library.base}/2024-01-30?lang=en"
    follow(page, page.locator("article").first.get_by_role("heading").get_by_role("link"))
    page.get_by_role("searchbox").fill("확산")
    follow(page, page.get_by_role("search").get_by_role("button", name="Search"))
    assert parse_qs(urlsplit(page.url).query) == {"lang": ["en"], "q": ["확산"]}
    assert page.locator("html").get_attribute("lang") == "en"


def test_reader_chooses_dark_or_light_colours(open_page: PageOpener, library: Server) -> None:
    def background(page: Page) -> tuple[str, str]:
        color = page.evaluate("getComputedStyle(document.body).backgroundColor")
        theme = page.evaluate(
            "[...document.querySelectorAll('meta[name=theme-color]')]"
            ".find(({ media }) => !media || matchMedia(media).matches).content"
        )
        return str(color), str(theme)

    light, dark = ("rgb(255, 255, 255)", "#ffffff"), ("rgb(23, 23, 26)", "#17171a")
    page = open_page(f"{library.base}/2024-01-30", dark=True)
    button = page.locator("#theme")
    label = button.get_attribute("aria-label")
    assert background(page) == dark
    for colors in (light, dark):
        button.click()
        assert background(page) == colors
        page.reload()
        assert background(page) == colors
        assert button.get_attribute("aria-label") != label
    page.emulate_media(color_scheme="light")
    assert background(page) == dark
    button.click()
    assert background(page) == light
    assert button.get_attribute("aria-label") == label


def test_colours_follow_the_system_without_scripts(open_page: PageOpener, library: Server) -> None:
    page = open_page(f"{library.base}/2024-01-30", dark=True, javascript=False)
    assert not page.locator("#theme").is_visible()
    assert page.locator("link[href='/dark.css']").get_attribute("media") == "screen and (prefers-color-scheme: dark)"


@pytest.mark.parametrize("path", PATHS)
def test_opened_details_fit_a_phone(open_page: PageOpener, library: Server, path: str) -> None:
    page = open_page(library.base + path, **DARK_PHONE)
    page.evaluate("document.querySelectorAll('details').forEach((details) => { details.open = true })")
    assert find_overflows(page) == []


# Records every focused element: its index among the focusable ones, whether the focus is visible, and its HTML.
RECORD_FOCUS = """() => {
  document.querySelectorAll("details").forEach((details) => { details.open = true });
  const all = [...document.querySelectorAll("a[href], button, input, select, textarea, summary, video")]
    .filter((element) => element.checkVisibility());
  window.focused = [];
  addEventListener("focusin", ({ target }) => {
    const { outlineStyle, outlineWidth } = getComputedStyle(target);
    const rect = target.querySelector("rect");
    const stroke = rect && getComputedStyle(rect);
    const isMarked = (outlineStyle !== "none" && parseFloat(outlineWidth) >= 2)
      || (stroke && stroke.stroke !== "none" && parseFloat(stroke.strokeWidth) >= 2);
    const box = target.getBoundingClientRect();
    const isOnScreen = box.right > 0 && box.width > 0 && box.height > 0;
    focused.push([all.indexOf(target), Boolean(isMarked && isOnScreen), target.outerHTML.slice(0, 100)]);
  });
  return all.length;
}"""


@pytest.mark.parametrize("path", PATHS)
def test_tab_key_visits_every_control_in_order_visibly(open_page: PageOpener, library: Server, path: str) -> None:
    page = open_page(library.base + path)
    count = page.evaluate(RECORD_FOCUS)
    for _ in range(count * 2 + 30):  # a date has several fields
        page.keyboard.press("Tab")
        if page.evaluate(
            "count => focused.at(-1)?.[0] === count - 1 || document.activeElement === document.body", count
        ):
            break
    focused: list[list[Any]] = page.evaluate("focused")
    indexes = [index for index, _, _ in focused if index >= 0]
    assert list(dict.fromkeys(indexes)) == list(range(count))
    assert [element for _, is_visible, element in focused if not is_visible] == []


def test_first_tab_stop_skips_to_the_content(open_page: PageOpener, library: Server) -> None:
    page = open_page(f"{library.base}/")
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="본문으로 건너뛰기")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.querySelector('main').contains(document.activeElement)")


def test_search_and_subscription_work_by_keyboard(open_page: PageOpener, library: Server) -> None:
    page = open_page(f"{library.base}/")
    for _ in range(7):  # past the link that skips, the title, the other languages and the colours
        page.keyboard.press("Tab")
    page.keyboard.type("확산")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert titles(page) == ["Gamma Rays", "Beta", "Alpha"]
    summary = page.locator(".offer summary", has_text="구독")
    summary.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="RSS", exact=True)).to_be_focused()


# Returns the texts whose `lang` is wrong: Hangul that is not marked as Korean, English that is not marked as English.
FIND_WRONG_LANGUAGES = """() => {
  const wrong = [];
  const check = (element, text, isProse) => {
    const language = element.closest("[lang]").lang;
    const isKorean = /[가-힣]/.test(text);
    const isEnglish = isProse && !isKorean && /([A-Za-z]{2,}[ ,:-]+){2}[A-Za-z]{2,}/.test(text);
    if ((isKorean && language !== "ko") || (isEnglish && language !== "en")) wrong.push(`${language}: ${text.trim()}`);
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const parent = walker.currentNode.parentElement;
    check(parent, walker.currentNode.data, !parent.closest(".summary"));
  }
  for (const element of document.body.querySelectorAll("*"))
    for (const name of ["aria-label", "placeholder", "title", "alt", "data-copied"])
      if (element.hasAttribute(name)) check(element, element.getAttribute(name), false);
  return wrong;
}"""


@pytest.mark.parametrize(("locale", "language"), [("en-US", "en"), ("ko-KR", "ko")])
@pytest.mark.parametrize("path", [*PATHS, "/daily", "/e-reader"])
def test_every_text_is_marked_with_its_language(
    open_page: PageOpener, library: Server, path: str, locale: str, language: str
) -> None:
    page = open_page(library.base + path, locale=locale)
    assert page.locator("html").get_attribute("lang") == language
    assert page.evaluate(FIND_WRONG_LANGUAGES) == []


def test_english_visitor_gets_english_words_and_dates(open_page: PageOpener) -> None:
    page = open_page("/", locale="en-US")
    expect(page.get_by_role("heading", level=1).get_by_role("link")).to_have_text("Wednesday, March 20, 2024")
    assert page.evaluate(FIND_WRONG_LANGUAGES) == []
    page.get_by_role("searchbox").fill("확산")
    follow(page, page.get_by_role("button", name="Search"))
    expect(page.get_by_role("status").first).to_have_text(re.compile(r"\d+ papers"))
    expect(page.locator("article .facts a", has_text="2024").first).to_have_text("March 20, 2024")
    assert page.evaluate(FIND_WRONG_LANGUAGES) == []
    follow(page, page.locator("article h2 a").first)
    expect(page.locator("main .facts a").first).to_have_text("Wednesday, March 20, 2024")
    assert page.evaluate(FIND_WRONG_LANGUAGES) == []


@pytest.mark.parametrize("path", ["/2024-01-30", "/2024-W05", "/search?q=확산", "/papers/2401.00002"])
def test_print_shows_papers_without_controls(open_page: PageOpener, library: Server, path: str) -> None:
    shown = titles(open_page(library.base + path))
    page = open_page(library.base + path, printed=True, dark=True)
    assert titles(page) == shown
    articles = page.locator("article").all()
    assert articles
    assert all(article.is_visible() for article in articles)
    tools = page.locator("form, nav, header, footer, button, input, select, video, .offer, .skip, #status")
    assert tools.count() > 5
    assert [tool.evaluate("tool => tool.outerHTML") for tool in tools.all() if tool.is_visible()] == []
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


def test_e_reader_page_works_without_scripts_and_styles(open_page: PageOpener, library: Server, tmp_path: Path) -> None:
    page = open_page("about:blank", **WITHOUT_SCRIPTS)
    page.route("**/*.css", lambda route: route.abort("aborted"))
    page.goto(f"{library.base}/e-reader")
    assert page.locator("script").count() == 0
    links = page.locator("p.first a, li a")
    urls = [link.get_attribute("href") or "" for link in links.all()]
    assert urls[:3] == ["/top/2024-W12.epub", "/top/2024-03.epub", "/latest.epub"]
    assert all(url.endswith(".epub") for url in urls)
    assert len(book_titles(download(page, links.nth(2)), tmp_path)) == 6
    page.get_by_label("검색어").fill("확산")
    book = download(page, page.get_by_role("button", name="EPUB 내려받기"))
    assert book_titles(book, tmp_path) == ["Gamma Rays", "Beta", "Alpha"]


class AccessibilityTree:
    """The accessibility tree that Chromium gives to screen readers; nodes are named by their ids."""

    def __init__(self, page: Page) -> None:
        nodes = page.context.new_cdp_session(page).send("Accessibility.getFullAXTree")["nodes"]
        self._nodes: dict[str, dict[str, Any]] = {node["nodeId"]: node for node in nodes}

    def find(self, role: str, ancestor: str | None = None) -> list[str]:
        """List the nodes with a role, within another node or anywhere."""
        nodes = self._descendants(ancestor) if ancestor else self._nodes
        return [node for node in nodes if self._value(node, "role") == role]

    def name(self, node: str) -> str:
        """Return the accessible name of a node."""
        return self._value(node, "name")

    def _value(self, node: str, name: str) -> str:
        return str(self._nodes[node].get(name, {}).get("value", ""))

    def _descendants(self, node: str) -> Iterator[str]:
        for child in self._nodes[node].get("childIds", []):
            if child in self._nodes:
                yield child
                yield from self._descendants(child)


@pytest.mark.parametrize(
    ("locale", "name", "first", "days"),
    [
        ("ko-KR", "2024년 1월 논문 3편", "일요일", ["1월 29일, 논문 1편", "1월 30일, 논문 2편"]),
        ("en-US", "January 2024 3 papers", "Sunday", ["January 29, 1 paper", "January 30, 2 papers"]),
    ],
)
def test_calendar_is_a_table_in_the_accessibility_tree(
    open_page: PageOpener, library: Server, locale: str, name: str, first: str, days: list[str]
) -> None:
    tree = AccessibilityTree(open_page(f"{library.base}/2024", locale=locale))
    (table,) = [node for node in tree.find("table") if tree.name(node) == name]
    header, *weeks = tree.find("row", table)
    weekdays = [tree.name(node) for node in tree.find("columnheader", header)]
    assert (len(weekdays), weekdays[0]) == (7, first)
    assert len(weeks) == 5
    assert {len(tree.find("cell", week)) for week in weeks} == {7}
    assert [tree.name(link) for cell in tree.find("cell", table) for link in tree.find("link", cell)] == days
