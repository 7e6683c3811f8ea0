"""A paper has one slug, one arXiv identifier and one DOI, however its URL is written."""

import hashlib
import time

import pytest

from feeds.model.identity import parse_identifier
from feeds.model.paper import Paper
from feeds.site.site import Site


@pytest.mark.parametrize(
    "url",
    [
        "https://arxiv.org/abs/2401.00009",
        "http://arxiv.org/abs/2401.00009v2/",
        "HTTPS://ARXIV.ORG/ABS/2401.00009V2",
        "https://www.arxiv.org/abs/2401.00009?context=cs.CL#comments",
        "https://arxiv.org:443/abs/arXiv:2401.00009",
        "https://arxiv.org/pdf/2401.00009v1.pdf?download=1#page=3",
        "https://arxiv.org/PDF/2401.00009.PDF",
        "https://arxiv.org/html/2401.00009v1/#S1",
        "https://arxiv.org/format/2401.00009",
        "https://arxiv.org/ps/2401.00009",
        "https://arxiv.org/src/2401.00009v1",
        "https://arxiv.org/e-print/2401.00009",
        "https://arxiv.org/2401.00009",
        "http://export.arxiv.org/abs/2401.00009",
        "https://browse.arxiv.org/pdf/2401.00009.pdf",
        "https://ar5iv.labs.arxiv.org/html/2401.00009",
        "https://ar5iv.org/abs/2401.00009v3",
        "http://xxx.lanl.gov/abs/2401.00009",
        "https://www.alphaxiv.org/overview/2401.00009v1",
        "https://alphaxiv.org/ko/overview/2401.00009",
        "https://huggingface.co/papers/2401.00009",
        "https://www.huggingface.co/papers/2401.00009/#community",
        "https://hf.co/papers/2401.00009",
        "https://doi.org/10.48550/arXiv.2401.00009",
        "http://dx.doi.org/10.48550/ARXIV.2401.00009",
        "https://doi.org/10.48550%2FarXiv.2401.00009v2",
        "https://scirate.com/arxiv/2401.00009",
        "https://www.semanticscholar.org/arxiv/2401.00009",
        "https://api.semanticscholar.org/arXiv:2401.00009",
        "https://ui.adsabs.harvard.edu/abs/arXiv:2401.00009/abstract",
        "https://web.archive.org/web/2024/https://arxiv.org/abs/2401.00009",
        "https://www.google.com/url?q=https%3A%2F%2Farxiv.org%2Fabs%2F2401.00009&sa=D",
    ],
)
def test_every_address_of_an_arxiv_paper_is_that_paper(url: str) -> None:
    paper = Paper("T", url)
    assert (paper.slug, paper.arxiv_id) == ("2401.00009", "2401.00009")
    assert paper.doi == "10.48550/arXiv.2401.00009"
    assert Site().paper_id(paper) == Site().paper_id(Paper("T", "https://arxiv.org/abs/2401.00009"))


@pytest.mark.parametrize(
    ("url", "identifier"),
    [
        ("https://arxiv.org/abs/hep-th/9901001v3", "hep-th/9901001"),
        ("https://arxiv.org/abs/HEP-TH%2F9901001", "hep-th/9901001"),
        ("https://arxiv.org/pdf/math.GT/0309136v1", "math/0309136"),
        ("https://arxiv.org/abs/math-ph/0001001", "math-ph/0001001"),
        ("https://doi.org/10.48550/arXiv.hep-th/9901001", "hep-th/9901001"),
        ("https://ar5iv.org/html/cs/0112017", "cs/0112017"),
        ("http://arxiv.org/PS_cache/math/pdf/0309/0309136v1.pdf", "math/0309136"),
        ("http://arxiv.org/PS_cache/arxiv/pdf/0704/0704.0001v1.pdf", "0704.0001"),
    ],
)
def test_identifier_of_the_old_form_has_no_subject_class(url: str, identifier: str) -> None:
    paper = Paper("T", url)
    assert (paper.slug, paper.doi) == (identifier, f"10.48550/arXiv.{identifier}")


@pytest.mark.parametrize(
    "url",
    [
        "https://e.org/2401.00009",
        "https://notarxiv.org/abs/2401.00009",
        "https://arxiv.org.evil.example/abs/2401.00009",
        "https://arxiv.org/list/math/0309",
        "https://arxiv.org/search/?query=2401.00009",
        "https://arxiv.org/pdf/0309136",
        "https://arxiv.org/abs/2401.00009-errata",
        "https://huggingface.co/models/2401.00009",
        "https://huggingface.co/papers/date/2024-01-30",
        "https://blog.example.org/arxiv/2401.00009/review",
        "https://github.com/a/b/tree/10.5",
    ],
)
def test_other_address_is_no_arxiv_paper(url: str) -> None:
    paper = Paper("T", url)
    assert (paper.arxiv_id, paper.doi) == (None, None)
    assert paper.slug == hashlib.sha256(url.removeprefix("https://").encode()).hexdigest()[:16]


@pytest.mark.parametrize(
    ("doi", "urls"),
    [
        (
            "10.1145/3597503.3639187",
            [
                "https://doi.org/10.1145/3597503.3639187",
                "http://dx.doi.org/10.1145/3597503.3639187",
                "https://WWW.DOI.ORG/10.1145%2F3597503.3639187/",
                "https://dl.acm.org/doi/10.1145/3597503.3639187?download=true",
                "https://dl.acm.org/doi/abs/10.1145/3597503.3639187",
                "https://dl.acm.org/doi/pdf/10.1145/3597503.3639187",
            ],
        ),
        (
            "10.1007/s11263-023-01876-w",
            [
                "https://doi.org/10.1007/s11263-023-01876-w",
                "https://doi.org/10.1007/S11263-023-01876-W",
                "https://link.springer.com/article/10.1007/s11263-023-01876-w#Sec1",
                "https://link.springer.com/article/10.1007/s11263-023-01876-w/fulltext.html",
                "https://link.springer.com/article/10.1007/s11263-023-01876-w/figures/3",
                "https://link.springer.com/content/pdf/10.1007/s11263-023-01876-w.pdf",
            ],
        ),
        (
            "10.1101/2020.01.01.123456",
            [
                "https://doi.org/10.1101/2020.01.01.123456",
                "https://www.biorxiv.org/content/10.1101/2020.01.01.123456v2.full.pdf+html",
            ],
        ),
        (
            "10.1371/journal.pone.0000001",
            [
                "https://doi.org/10.1371/journal.pone.0000001",
                "https://journals.plos.org/plosone/article?id=10.1371/journal.pone.0000001",
            ],
        ),
        (
            "10.1093/nar/gkac1",
            [
                "https://doi.org/10.1093/nar/gkac1",
                "https://academic.oup.com/nar/advance-article/doi/10.1093/nar/gkac1/123456",
            ],
        ),
    ],
)
def test_every_address_with_a_doi_is_one_paper(doi: str, urls: list[str]) -> None:
    papers = [Paper("T", url) for url in urls]
    assert {paper.doi for paper in papers} == {doi}
    assert {paper.slug for paper in papers} == {hashlib.sha256(f"doi.org/{doi}".encode()).hexdigest()[:16]}
    assert len({Site().paper_id(paper) for paper in papers}) == 1


def test_doi_keeps_what_urls_encode() -> None:
    papers = [Paper("T", f"https://doi.org/10.1016/S0140-6736{number}30183-5") for number in ("(20)", "%2820%29")]
    assert {paper.doi for paper in papers} == {"10.1016/s0140-6736(20)30183-5"}
    assert len({paper.slug for paper in papers}) == 1


@pytest.mark.parametrize(
    "text",
    [
        "2401.16420",
        "2401.16420v2",
        "arXiv:2401.16420",
        "ARXIV:2401.16420v1.",
        "10.48550/arXiv.2401.16420",
        "doi:10.48550/arXiv.2401.16420",
        "arxiv.org/abs/2401.16420",
        "<https://arxiv.org/pdf/2401.16420v2.pdf>",
        "https://huggingface.co/papers/2401.16420",
        "hf.co/papers/2401.16420",
    ],
)
def test_text_that_names_a_paper_is_parsed(text: str) -> None:
    assert parse_identifier(text) == "2401.16420"


@pytest.mark.parametrize(
    "text",
    ["2401", "2401.1642", "2413.16420", "1401.16420", "3.14159", "10.5/3", "GPT-4", "and/or", "0309136", "e.org/a"],
)
def test_other_text_names_no_paper(text: str) -> None:
    assert parse_identifier(text) is None


@pytest.mark.parametrize(
    "url",
    [
        "https://arxiv.org/" + "a/" * 50_000,
        "https://e.org" + "//arxiv.org/" * 20_000,
        "https://e.org" + "/arxiv/" * 50_000,
        "https://e.org/10.1145/a" + "/full" * 20_000,
        "https://e.org" + "/10.1145/" * 20_000,
        "https://" + "a." * 50_000,
    ],
)
def test_hostile_url_is_read_in_bounded_time(url: str) -> None:
    started = time.process_time()
    assert len(Paper("T", url).slug) == 16
    assert time.process_time() - started < 5
