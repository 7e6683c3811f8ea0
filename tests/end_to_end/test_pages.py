"""The pages in a browser and before the judges: valid, accessible, quiet, narrow, still, small."""

import pytest

from tests.support import validators as judges
from tests.support.browser import Visits, get, overflows, weigh
from tests.support.servers import Server

pytestmark = pytest.mark.external

PAGES = ["/", "/latest", "/2024-01-30", "/2024-W05", "/2024-01", "/2024", "/all", "/weekly"]
PAGES += ["/search?q=확산", "/search?q=없는말입니다", "/papers/2401.16420"]
PAGES += [
    "/search?q=LLM&author=Li&order=votes",
    "/search?has=code&limit=2&page=2",
    "/books",
    "/e-reader",
    "/weeks",
    "/newest",
]
CROWDED = ["/", "/all", "/2023-11", "/monthly", "/search?limit=50", "/search?limit=50&page=2"]


def test_the_nu_checker_has_nothing_to_say(served: Server, crowded: Server) -> None:
    documents = {path: get(served, path) for path in [*PAGES, "/style.css", "/e-reader.css", "/favicon.svg"]}
    documents |= {f"crowded {path}": get(crowded, path) for path in CROWDED}
    assert judges.nu(documents) == []


@pytest.mark.parametrize("phone", [False, True], ids=["desktop", "phone"])
@pytest.mark.parametrize("path", PAGES)
def test_axe_has_nothing_to_say_by_day_and_night(browse: Visits, path: str, phone: bool) -> None:
    page = browse(path, phone=phone)
    assert judges.axe(page) == []
    page.emulate_media(color_scheme="dark")
    assert judges.axe(page) == []


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_no_wider_than_a_phone(browse: Visits, path: str) -> None:
    assert overflows(browse(path, phone=True)) == []


@pytest.mark.parametrize("path", CROWDED)
def test_a_page_with_hostile_papers_is_no_wider_than_a_phone(browse: Visits, crowded: Server, path: str) -> None:
    assert overflows(browse(crowded.base + path, phone=True)) == []


@pytest.mark.parametrize("phone", [False, True], ids=["desktop", "phone"])
@pytest.mark.parametrize("path", ["/2024-01-30", "/papers/2403.12895"])
def test_a_page_stands_still_while_pictures_of_any_size_come(browse: Visits, path: str, phone: bool) -> None:
    page = browse(path, phone=phone, late=True)
    assert browse.layout_shift(page) < 0.01
    assert browse.foreign


def test_a_page_of_50_papers_is_small(browse: Visits, crowded: Server) -> None:
    assert weigh(browse, f"{crowded.base}/search?limit=50") < 150_000


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_whole_without_scripts(browse: Visits, path: str) -> None:
    page = browse(path, javascript=False)
    assert page.locator("h1").is_visible()
    for link in page.locator("main a").all()[:3]:
        assert link.is_visible()


def test_a_search_without_scripts_finds_papers(browse: Visits) -> None:
    page = browse("/", javascript=False)
    page.get_by_role("searchbox").fill("확산")
    page.get_by_role("search").get_by_role("button").click()
    page.wait_for_url("**/search?q=*")
    assert page.locator("article").count() > 0
