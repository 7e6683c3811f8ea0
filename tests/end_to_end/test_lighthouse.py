"""Pages in Lighthouse: what it says of accessibility, of good practices, and to search engines."""

import pytest

from tests.support import validators
from tests.support.browser import make_image
from tests.support.servers import Server

pytestmark = pytest.mark.external

CATEGORIES = ("accessibility", "best-practices", "seo")  # performance depends on what else the machine does


@pytest.mark.parametrize("path", ["/", "/2024-01-30", "/papers/2401.16420", "/topics/로봇", "/e-reader"])
def test_page_scores_full_marks_in_lighthouse(seeds_server: Server, path: str) -> None:
    audit = validators.lighthouse(seeds_server.base + path, make_image(0), CATEGORIES)
    assert audit.scores == dict.fromkeys(CATEGORIES, 100), audit.failures


def test_search_loses_marks_only_for_staying_out_of_indexes(seeds_server: Server) -> None:
    audit = validators.lighthouse(f"{seeds_server.base}/search?q=LLM", make_image(0), CATEGORIES)
    assert (audit.scores["accessibility"], audit.scores["best-practices"]) == (100, 100), audit.failures
    (failure,) = [failure for failure in audit.failures if failure.startswith("seo: ")]
    assert failure.startswith("seo: Page is blocked from indexing")
