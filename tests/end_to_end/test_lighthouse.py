"""Pages in Lighthouse: what it says of accessibility, of good practices, to search engines, and on a slow phone."""

from statistics import median

import pytest

from tests.support import validators
from tests.support.browser import make_image
from tests.support.servers import Server

pytestmark = pytest.mark.external

RUNS = 3  # the performance depends on what else the machine does


@pytest.mark.parametrize("path", ["/", "/2024-01-30", "/papers/2401.16420", "/topics/로봇", "/e-reader"])
def test_page_scores_full_marks_in_lighthouse(seeds_server: Server, path: str) -> None:
    audits = validators.lighthouse(seeds_server.base + path, make_image(0), RUNS)
    assert len(audits) == RUNS
    for audit in audits:
        assert audit.scores | {"performance": 100} == dict.fromkeys(audit.scores, 100), audit.failures
    assert median(audit.scores["performance"] for audit in audits) >= 95, audits


def test_search_loses_marks_only_for_staying_out_of_indexes(seeds_server: Server) -> None:
    (audit,) = validators.lighthouse(f"{seeds_server.base}/search?q=LLM", make_image(0), 1)
    assert (audit.scores["accessibility"], audit.scores["best-practices"]) == (100, 100), audit.failures
    (failure,) = [failure for failure in audit.failures if failure.startswith("seo: ")]
    assert failure.startswith("seo: Page is blocked from indexing")
