"""Papers: the permanent names that follow from their URLs."""

import pytest

from feeds.model.paper import Paper


@pytest.mark.parametrize(
    ("url", "slug"),
    [
        ("https://arxiv.org/abs/2401.16420v2", "2401.16420"),
        ("https://arxiv.org/pdf/math.GT/0309136v1", "math/0309136"),
        ("https://export.arxiv.org/abs/0704.0001", "0704.0001"),
        ("https://e.org/paper/", "7d2cf0d7511afbd4"),
    ],
)
def test_slug_is_the_arxiv_id_or_a_hash_of_the_url(url: str, slug: str) -> None:
    assert Paper(title="T", url=url).slug == slug
