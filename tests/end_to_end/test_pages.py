"""Pages in Chromium: valid, accessible, no wider than a phone, stable while loading, small, usable without scripts."""

import pytest

from tests.support import validators
from tests.support.browser import PageOpener, find_overflows, get, measure_size
from tests.support.servers import Server

pytestmark = pytest.mark.external

PAGES = [
    "/",
    "/latest",
    "/2024-01-30",
    "/2024-W05",
    "/2024-01",
    "/2024",
    "/all",
    "/weekly",
    "/top/2024-W05",
    "/top-weekly",
    "/topics",
    "/2024-01-30?lang=en",
    "/search?q=확산",
    "/search?q=없는말입니다",
    "/search?q=LLM&author=Li&order=votes",
    "/search?has=code&limit=2&page=2",
    "/papers/2401.16420",
    "/books",
    "/e-reader",
    "/stats",
    "/weeks",
    "/newest",
]
LARGE_PAGES = ["/", "/all", "/2023-11", "/monthly", "/search?limit=50", "/search?limit=50&page=2"]


def test_pages_and_static_files_pass_the_nu_checker(seeds_server: Server, large_server: Server) -> None:
    paths = [*PAGES, "/style.css", "/dark.css", "/e-reader.css", "/favicon.svg"]
    documents = {path: get(seeds_server, path) for path in paths}
    documents |= {f"large {path}": get(large_server, path) for path in LARGE_PAGES}
    assert validators.nu(documents) == []


@pytest.mark.parametrize("phone", [False, True], ids=["desktop", "phone"])
@pytest.mark.parametrize("path", PAGES)
def test_page_passes_axe_in_light_and_dark(open_page: PageOpener, path: str, phone: bool) -> None:
    page = open_page(path, phone=phone)
    assert validators.axe(page) == []
    page.emulate_media(color_scheme="dark")
    assert validators.axe(page) == []


@pytest.mark.parametrize("path", PAGES)
def test_page_fits_a_phone(open_page: PageOpener, path: str) -> None:
    assert find_overflows(open_page(path, phone=True)) == []


@pytest.mark.parametrize("path", LARGE_PAGES)
def test_page_of_hostile_papers_fits_a_phone(open_page: PageOpener, large_server: Server, path: str) -> None:
    assert find_overflows(open_page(large_server.base + path, phone=True)) == []


@pytest.mark.parametrize("phone", [False, True], ids=["desktop", "phone"])
@pytest.mark.parametrize("path", ["/", "/top/2024-W05", "/2024-01-30", "/papers/2403.12895"])
def test_page_does_not_shift_while_images_load(open_page: PageOpener, path: str, phone: bool) -> None:
    page = open_page(path, phone=phone, delay_images=True)
    assert open_page.measure_layout_shift(page) < 0.01
    assert open_page.foreign_urls


@pytest.mark.parametrize("phone", [False, True], ids=["desktop", "phone"])
def test_page_of_50_papers_does_not_shift(open_page: PageOpener, large_server: Server, phone: bool) -> None:
    page = open_page(f"{large_server.base}/search?limit=50", phone=phone, delay_images=True)
    assert page.locator("article").count() == 50
    assert open_page.measure_layout_shift(page) < 0.01
    assert open_page.foreign_urls


def test_page_of_50_papers_is_small(open_page: PageOpener, large_server: Server) -> None:
    assert measure_size(open_page, f"{large_server.base}/search?limit=50") < 150_000


@pytest.mark.parametrize("path", PAGES)
def test_page_without_scripts_shows_heading_and_controls(open_page: PageOpener, path: str) -> None:
    page = open_page(path, javascript=False)
    assert page.locator("h1").is_visible()
    # Formats are folded. A search without results leads to nothing but another search.
    controls = (
        page.locator("main :is(a, summary):not(details > :not(summary) *)").all()[:3]
        or page.locator("main").get_by_role("button").all()
    )
    assert controls
    for control in controls:
        assert control.is_visible()


def test_search_without_scripts_lists_papers(open_page: PageOpener) -> None:
    page = open_page("/", javascript=False)
    page.get_by_role("searchbox").fill("확산")
    page.get_by_role("search").get_by_role("button").click()
    page.wait_for_url("**/search?q=*")
    assert page.locator("article").count() > 0
