"""The reader of JSON: the shapes in which tools write papers, and what may stand in their place."""

import json
from collections.abc import Sequence
from datetime import date
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.model.diagnostic import Severity
from feeds.model.paper import Paper
from feeds.readers import Digest
from feeds.readers.json_papers import JsonReader

DAY = date(2025, 3, 14)
PATH = PurePosixPath("data/2025-03-14.json")
LINES_PATH = PurePosixPath("data/2025-03-14.jsonl")
NO_DAY = PurePosixPath("data/papers.json")


def entry(number: int = 1, **fields: object) -> dict[str, object]:
    return {"title": f"Paper {number}", "arxiv_id": f"2503.{number:05}", "authors": ["Ada Byron"], **fields}


def read(value: object, path: PurePosixPath = PATH) -> Digest:
    digest = JsonReader().read(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False), path)
    assert digest is not None
    return digest


def papers(value: object, path: PurePosixPath = PATH) -> list[Paper]:
    return [item.paper for item in read(value, path).entries]


def one(**fields: object) -> Paper:
    (paper,) = papers([{"title": "A Title", "arxiv_id": "2503.00001", **fields}])
    return paper


def slugs(digest: Digest) -> list[str]:
    return [item.paper.slug for item in digest.entries]


def severities(digest: Digest) -> list[Severity]:
    return [diagnostic.severity for diagnostic in digest.diagnostics]


def test_list_of_papers_is_a_day_of_the_file_name() -> None:
    digest = read([entry(1), entry(2)])
    assert slugs(digest) == ["2503.00001", "2503.00002"]
    assert {item.day for item in digest.entries} == {DAY}
    assert digest.diagnostics == ()


def test_entries_have_the_lines_of_their_objects() -> None:
    digest = read(json.dumps([entry(1), entry(2)], indent=1))
    assert [item.line for item in digest.entries] == [2, 9]


def test_hugging_face_api_is_unwrapped() -> None:
    item = {
        "paper": {
            "id": "2503.01234",
            "title": "Inner Title",
            "summary": "The abstract.\n  Its second paragraph.",
            "authors": [
                {"name": "Ada Byron"},
                {"name": "Nobody", "hidden": True},
                {"name": "Alan T.", "user": {"fullname": "x"}},
            ],
            "publishedAt": "2025-03-12T23:59:00.000Z",
            "upvotes": 42,
            "ai_summary": "A short summary by a model.",
            "ai_keywords": ["agents", "retrieval"],
            "githubRepo": "https://github.com/a/b",
            "projectPage": "https://example.org/p",
        },
        "publishedAt": "2025-03-14T02:00:00.000Z",
        "title": "Inner Title",
        "mediaUrls": ["https://cdn.example.org/v.mp4", "https://cdn.example.org/p.png"],
        "thumbnail": "https://cdn.example.org/t.png",
        "numComments": 3,
        "submittedBy": {"fullname": "Some Body", "user": "somebody with a long name"},
    }
    (paper,) = papers([item])
    assert (paper.title, paper.url, paper.votes) == ("Inner Title", "https://arxiv.org/abs/2503.01234", 42)
    assert paper.authors == ("Ada Byron", "Alan T.")
    assert paper.abstract == "The abstract.\n\nIts second paragraph."
    assert paper.published == date(2025, 3, 12)
    assert (paper.image, paper.video) == ("https://cdn.example.org/p.png", "https://cdn.example.org/v.mp4")
    assert paper.summary == (
        "- **AI summary:** A short summary by a model.\n- **Keywords:** agents, retrieval\n\n"
        "- **Code:** <https://github.com/a/b>\n- **Project page:** <https://example.org/p>"
    )


def test_day_of_hugging_face_api_is_that_of_the_listing() -> None:
    inner = {"id": "2503.01234", "title": "T", "publishedAt": "2025-03-10T00:00:00Z"}
    listed = {**inner, "submittedOnDailyAt": "2025-03-12T00:00:00Z"}
    digest = read([{"paper": inner, "publishedAt": "2025-03-11T00:00:00Z"}, {"paper": listed}], NO_DAY)
    assert list(digest.days) == [date(2025, 3, 11), date(2025, 3, 12)]


@pytest.mark.parametrize(
    ("value", "path", "expected"),
    [
        ([entry()], "data/2025-03-14.json", False),
        ({"2025-03-14": [entry()]}, "papers.json", False),
        ({"date": "2025-03-14", "papers": [entry()]}, "latest.json", False),
        ([entry(date="2025-03-14", published="2025-03-11")], "papers.json", False),
        ([entry(published="2025-03-14")], "data/2025-03-14.json", False),
        ([entry(date="2025-03-14")], "papers.json", True),  # perhaps of the publication
        ([entry(published="2025-03-14")], "papers.json", True),
        ([entry(published="2025-03-11", fetched_at="2025-03-14T08:00:00Z")], "papers.json", True),
        ({"generated_at": "2025-03-14T08:00:00Z", "papers": [entry()]}, "latest.json", True),
        ({"date": "2025-03-08 ~ 03-14", "papers": [entry()]}, "latest.json", True),
        ({"2025-03-08 to 2025-03-14": [entry()]}, "papers.json", True),
        ([entry()], "weekly/20250308-20250314.json", True),
    ],
)
def test_day_of_publication_crawl_or_range_is_inferred(value: object, path: str, expected: bool) -> None:
    (item,) = read(value, PurePosixPath(path)).entries
    assert (item.day, item.is_inferred) == (DAY, expected)


def test_ai_object_becomes_labelled_items() -> None:
    ai = {"tldr": "Kurz.", "motivation": "Warum.", "method": "Wie.", "result": "Was.", "conclusion": "Also."}
    paper = one(AI=ai, summary="The abstract of the paper.", comment="12 pages", categories=["cs.GT", "econ.TH"])
    assert paper.abstract == "The abstract of the paper."
    assert paper.tags == ("cs.GT", "econ.TH")
    assert paper.summary.split("\n") == [
        "- **TL;DR:** Kurz.",
        "- **Motivation:** Warum.",
        "- **Method:** Wie.",
        "- **Result:** Was.",
        "- **Conclusion:** Also.",
    ]
    assert paper.comment == "12 pages"


@pytest.mark.parametrize(
    "comment",
    [
        "Accepted at a good place",
        "ICLR 2026",
        "18 pages; CHI'26",
        "To appear in the proceedings",
        "이 논문은 꼭 읽어 보세요.",
        "long " * 300,
    ],
)
def test_comment_of_a_venue_or_the_digest_is_in_the_summary(comment: str) -> None:
    paper = one(comment=comment)
    assert (paper.summary, paper.comment) == (f"- **Comment:** {comment.strip()}", "")


@pytest.mark.parametrize("comment", ["12 pages,\n 3 figures", "LaTeX 25 pages", "This paper has been withdrawn"])
def test_comment_of_arxiv_is_a_field(comment: str) -> None:
    paper = one(comments=comment)
    assert (paper.summary, paper.comment) == ("", " ".join(comment.split()))


@pytest.mark.parametrize(
    ("fields", "journal", "doi"),
    [
        ({"journal_ref": "Nature 596,\n 583 (2021)", "doi": "10.1000/ABC"}, "Nature 596, 583 (2021)", "10.1000/abc"),
        ({"journal": {"name": "Nature", "volume": "596", "pages": "583-589"}}, "Nature 596, 583-589", ""),
        ({"journal": {"name": "ArXiv", "volume": "abs/2503.01234"}}, "", ""),
        ({"externalIds": {"DBLP": "journals/corr/x", "DOI": "10.1000/xyz"}}, "", "10.1000/xyz"),
        ({"doi": "https://doi.org/10.48550/arXiv.2503.01234"}, "", ""),
        ({"journal": "bioRxiv"}, "", ""),
        ({"journal": None, "doi": "none"}, "", ""),
    ],
)
def test_journal_and_its_doi_are_fields(fields: dict[str, object], journal: str, doi: str) -> None:
    paper = one(**fields)
    assert (paper.journal, paper.journal_doi, paper.summary) == (journal, doi, "")


def test_doi_that_the_address_has_is_not_repeated() -> None:
    (paper,) = papers([{"title": "A Title", "doi": "10.1000/xyz", "authors": ["Ann Lee"], "date": "2025-03-14"}])
    assert (paper.url, paper.journal_doi, paper.doi) == ("https://doi.org/10.1000/xyz", "", "10.1000/xyz")


def test_summary_alone_is_the_summary() -> None:
    paper = one(summary="What the digest says.")
    assert (paper.summary, paper.abstract) == ("What the digest says.", "")


def test_summary_of_arxiv_is_the_abstract() -> None:
    paper = one(summary="We prove it.", categories=["math.AG"], comment=None)
    assert (paper.summary, paper.abstract) == ("", "We prove it.")


def test_summary_beside_an_abstract_stays_the_summary() -> None:
    paper = one(summary="Short.", abstract="Long and original.")
    assert (paper.summary, paper.abstract) == ("Short.", "Long and original.")


def test_translated_title_opens_the_summary() -> None:
    paper = one(title_ko="어떤 논문의 제목입니다", tldr_ko="이 논문은 새로운 방법을 제안합니다.")
    assert paper.title == "A Title"
    assert paper.summary == "**어떤 논문의 제목입니다**\n\n- **TL;DR:** 이 논문은 새로운 방법을 제안합니다."
    assert paper.language == "ko"


@pytest.mark.parametrize(
    ("name", "language"),
    [
        ("2025-03-14_AI_enhanced_Chinese.jsonl", "zh"),
        ("2025-03-14_paper_ko.json", "ko"),
        ("2025-03-14.ja.json", "ja"),
        ("2025-03-14-en.json", "en"),
        ("2025-03-14.json", ""),
    ],
)
def test_language_is_that_of_the_file_name(name: str, language: str) -> None:
    (paper,) = papers([entry(tldr="Something.")], PurePosixPath("data", name))
    assert paper.language == language


@pytest.mark.parametrize(
    ("fields", "url"),
    [
        ({"id": "2503.00001v3"}, "https://arxiv.org/abs/2503.00001"),
        ({"arxivId": "arXiv:2503.00001"}, "https://arxiv.org/abs/2503.00001"),
        ({"entry_id": "http://arxiv.org/abs/2503.00001v1"}, "https://arxiv.org/abs/2503.00001"),
        ({"pdf": "https://arxiv.org/pdf/2503.00001v2.pdf"}, "https://arxiv.org/abs/2503.00001"),
        ({"link": "https://huggingface.co/papers/2503.00001"}, "https://arxiv.org/abs/2503.00001"),
        ({"id": "math/0309136"}, "https://arxiv.org/abs/math/0309136"),
        ({"paper_id": "202503/14/2503.00001v1-a-title"}, "https://arxiv.org/abs/2503.00001"),
        ({"doi": "10.1000/xyz123"}, "https://doi.org/10.1000/xyz123"),
        ({"doi": "https://doi.org/10.1000/xyz123"}, "https://doi.org/10.1000/xyz123"),
        ({"externalIds": {"ArXiv": "2503.00001", "CorpusId": "99"}}, "https://arxiv.org/abs/2503.00001"),
        ({"links": [{"href": "https://arxiv.org/abs/2503.00001"}]}, "https://arxiv.org/abs/2503.00001"),
        ({"url": "https://openreview.net/forum?id=aBcD1234"}, "https://openreview.net/forum?id=aBcD1234"),
        ({"url": "https://proceedings.example.org/p1", "abstract": "Text."}, "https://proceedings.example.org/p1"),
        (
            {"论文链接": None, "链接": None, "url": "[2503.00001](http://arxiv.org/abs/2503.00001)"},
            "https://arxiv.org/abs/2503.00001",
        ),
    ],
)
def test_address_is_found_under_its_usual_keys(fields: dict[str, object], url: str) -> None:
    (paper,) = papers([{"title": "A Title", "authors": "A B", **fields}])
    assert paper.url == url


@pytest.mark.parametrize(
    ("authors", "names", "more"),
    [
        (["A One", "B Two"], ("A One", "B Two"), False),
        ("A One, B Two and C Three", ("A One", "B Two", "C Three"), False),
        ("A One et al.", ("A One",), True),
        (["A One", "et al."], ("A One",), True),
        ([{"given": "A", "family": "One"}, {"full_name": "B Two"}], ("A One", "B Two"), False),
        ([{"name": "A One", "affiliation": "X"}, None, "", "N/A"], ("A One",), False),
        ({"0": "A One", "1": "B Two"}, ("A One", "B Two"), False),
        (None, (), False),
        (7, ("7",), False),
        (["Some Lab", ":", "Ada Byron"], ("Some Lab", "Ada Byron"), False),
        (["Emmy Noether , Ada Byron"], ("Emmy Noether", "Ada Byron"), False),
        (["Emmy Noether, Ada Byron, Alan T., et al."], ("Emmy Noether", "Ada Byron", "Alan T."), True),
        (["Noether, Emmy"], ("Noether, Emmy",), False),
    ],
)
def test_authors_are_names_objects_or_a_text(authors: object, names: Sequence[str], more: bool) -> None:
    paper = one(authors=[authors] if authors == 7 else authors)
    assert (paper.authors, paper.more_authors) == (names, more)


def test_keys_in_chinese_are_fields() -> None:
    item = {
        "标题": "一个标题",
        "作者": "张三、李四",
        "摘要": "本文研究一个问题。",
        "分类": "cs.AI",
        "arxiv_id": "2503.00007",
    }
    (paper,) = papers([item])
    assert (paper.title, paper.authors, paper.abstract) == ("一个标题", ("张三", "李四"), "本文研究一个问题。")
    assert paper.tags == ("cs.AI",)


def test_keys_may_say_that_they_are_of_the_paper() -> None:
    item = {
        "paper_title": "A Title",
        "paper_authors": ["A B"],
        "paper_abstract": "We prove it.",
        "paper_pdf_url": "https://arxiv.org/pdf/2503.00001v2",
        "paper_categories": ["math.AG"],
        "paper_submitted_date": "2025-03-11",
        "paper_code_url": "https://github.com/a/b",
    }
    (entry,) = read({"schema": 1, "metadata": item}, NO_DAY).entries
    assert (entry.day, entry.paper.title, entry.paper.authors) == (date(2025, 3, 11), "A Title", ("A B",))
    assert (entry.paper.url, entry.paper.tags) == ("https://arxiv.org/abs/2503.00001", ("math.AG",))
    assert (entry.paper.abstract, entry.paper.summary) == ("We prove it.", "- **Code:** <https://github.com/a/b>")


def test_details_of_a_paper_may_stand_inside() -> None:
    details = {"title": "A Title", "abstract": "We prove it.", "pdf_url": "https://arxiv.org/pdf/2503.00001"}
    item = {"title": "A Title", "paper_url": "https://huggingface.co/papers/2503.00001", "authors": ["A B"]}
    (paper,) = papers([{**item, "details": details}])
    assert (paper.authors, paper.abstract, paper.summary) == (("A B",), "We prove it.", "")


def test_page_of_a_journal_is_a_paper_without_any_text() -> None:
    item = {"title": "A Title", "link": "https://journal.example.org/1", "journal": "Acta", "abstract": ""}
    assert [paper.url for paper in papers([item])] == ["https://journal.example.org/1"]


def test_html_in_texts_becomes_markdown() -> None:
    goal = "<ul>\n<li><strong>Goal</strong>: a &lt; b</li>\n<li>Two <think> ends</li>\n</ul>"
    paper = one(
        abstract="<jats:title>Abstract</jats:title><jats:p>We <jats:italic>prove</jats:italic> it.</jats:p>", goal=goal
    )
    assert paper.abstract == "We prove it."
    assert paper.summary == "- **Goal:**\n  - **Goal**: a < b\n  - Two <think> ends"


def test_texts_under_unknown_keys_are_labelled() -> None:
    paper = one(
        why_it_matters="It changes how agents plan.",
        status="done",
        source="arxiv",
        updated="2025-03-15T08:12:45Z",
        stars="1,024",
        models=["GPT", "Two"],
    )
    assert paper.summary == "- **Why it matters:** It changes how agents plan."


def test_objects_by_category_tag_their_papers() -> None:
    digest = read({"cs.CV": [entry(1), entry(2)], "cs.RO": [entry(2)]})
    assert [item.paper.tags for item in digest.entries] == [("cs.CV",), ("cs.CV", "cs.RO")]


def test_key_of_a_paper_is_not_its_tag() -> None:
    papers_by_name = {"post_one": entry(1), "post_two": {"id": "x", "paper": entry(2)}}
    digest = read({"robots": papers_by_name, "vision": {}})
    assert [item.paper.tags for item in digest.entries] == [("robots",), ("robots",)]


def test_objects_by_date_are_days() -> None:
    digest = read({"2025-03-13": [entry(1)], "20250312": [entry(2)], "2025-03-11": []}, NO_DAY)
    assert [item.day for item in digest.entries] == [date(2025, 3, 13), date(2025, 3, 12)]


def test_objects_by_identifier_are_papers() -> None:
    digest = read({"2503.00009": {"title": "By its key", "authors": ["A B"]}, "2503.00010": {"title": "Another"}})
    assert slugs(digest) == ["2503.00009", "2503.00010"]


def test_days_in_a_list_have_dates_of_their_own() -> None:
    days = [{"date": "2025-03-10", "papers": [entry(1)]}, {"date": "2025-03-11", "papers": [entry(2)]}]
    digest = read(days, PurePosixPath("archive-2025-12-31.json"))
    assert [item.day for item in digest.entries] == [date(2025, 3, 10), date(2025, 3, 11)]


def test_date_of_the_file_comes_before_that_of_papers() -> None:
    digest = read({"date": "2025-03-14", "count": 1, "papers": [entry(1, date="2025-03-11")]}, NO_DAY)
    (item,) = digest.entries
    assert (item.day, item.paper.published) == (DAY, date(2025, 3, 11))


def test_folder_of_the_day_comes_before_date_of_the_file() -> None:
    path = PurePosixPath("docs/202503/14/papers.meta.json")
    (item,) = read({"date": "2025-03-13", "papers": [entry(1, date="2025-03-11")]}, path).entries
    assert item.day == DAY


def test_papers_have_their_own_days_where_nothing_else_does() -> None:
    digest = read([entry(1, published="2025-02-01"), entry(2, date="2025-02-02T10:00:00Z")], NO_DAY)
    assert [item.day for item in digest.entries] == [date(2025, 2, 1), date(2025, 2, 2)]


def test_papers_without_a_day_are_one_error() -> None:
    digest = read([entry(1), entry(2)], NO_DAY)
    assert digest.entries == ()
    (diagnostic,) = digest.diagnostics
    assert (diagnostic.line, diagnostic.severity) == (1, Severity.ERROR)


def test_json_lines_are_read_line_by_line() -> None:
    source = "\n".join([json.dumps(entry(1)), "", '{"title": "broken', json.dumps(entry(2))])
    digest = read(source, LINES_PATH)
    assert [(item.line, item.paper.slug) for item in digest.entries] == [(1, "2503.00001"), (4, "2503.00002")]
    assert [diagnostic.line for diagnostic in digest.diagnostics] == [3]


def test_json_lines_may_have_the_suffix_of_json() -> None:
    assert len(papers(f"{json.dumps(entry(1))}\n{json.dumps(entry(2))}\n")) == 2


def test_list_in_a_file_of_json_lines_is_read() -> None:
    assert len(papers(json.dumps([entry(1), entry(2)], indent=2), LINES_PATH)) == 2


def test_documents_after_one_another_are_read() -> None:
    assert len(papers(f"{json.dumps([entry(1)], indent=1)}\n{json.dumps([entry(2)], indent=1)}")) == 2


def test_python_literals_are_read_with_a_warning() -> None:
    items = [entry(1, title='It\'s "quoted" \\alpha', summary=None, ok=True, authors=("A", "B")), entry(2)]
    digest = read("\n".join(map(repr, items)), LINES_PATH)
    assert [item.paper.title for item in digest.entries] == ['It\'s "quoted" \\alpha', "Paper 2"]
    assert digest.entries[0].paper.authors == ("A", "B")
    assert severities(digest) == [Severity.WARNING]


def test_list_of_texts_with_python_literals_is_read() -> None:
    digest = read([repr({"paper": entry(1)}), repr({"paper": entry(2)}), "no paper"])
    assert slugs(digest) == ["2503.00001", "2503.00002"]
    assert severities(digest) == [Severity.WARNING]


def test_papers_before_a_broken_place_are_kept() -> None:
    source = json.dumps({"date": "x", "papers": [entry(1), entry(2), entry(3)]}, indent=1)
    digest = read(source[: source.index("Paper 3")])
    assert slugs(digest) == ["2503.00001", "2503.00002"]
    assert severities(digest) == [Severity.ERROR]


@pytest.mark.parametrize("source", ["[]", "{}", '{"papers": [], "count": 0}', "", " \n"])
def test_empty_file_with_a_day_is_an_empty_day(source: str) -> None:
    digest = read(source)
    assert (list(digest.days), digest.entries, digest.diagnostics) == ([DAY], (), ())


@pytest.mark.parametrize(
    "source",
    [
        "1",
        "null",
        '"Too many requests"',
        '{"error": "rate limit"}',
        '{"message": "Not Found"}',
        "<html></html>",
        "[{]",
        "[" * 9_000,
    ],
)
def test_error_in_place_of_a_day_is_reported(source: str) -> None:
    digest = read(source)
    assert (digest.days, digest.entries) == ({}, ())
    assert severities(digest) == [Severity.ERROR]


@pytest.mark.parametrize(
    "value",
    [
        {"name": "feeds", "version": "1.0", "dependencies": {"a": "1"}},
        {"compilerOptions": {"paths": {"@/*": ["./src/*"]}}},
        ["2025-03-13", "2025-03-14"],
        [{"title": "A page", "url": "https://example.org"}],
        {
            "SLAM": {
                "2503.00001": "|**2025-03-14**|**Title**|A et.al.|[2503.00001](http://arxiv.org/abs/2503.00001)|null|\n"
            }
        },
        1,
        [],
    ],
)
def test_other_json_is_not_read(value: object) -> None:
    assert JsonReader().read(json.dumps(value), NO_DAY) is None


def test_statistics_of_a_day_are_not_read() -> None:
    assert JsonReader().read(json.dumps({"date": "2025-03-14", "totals": {"cs.CV": 7}}), PATH) is None


def test_paper_without_an_address_is_reported_beside_others() -> None:
    digest = read([entry(1), {"title": "No address", "authors": ["A B"]}, 5])
    assert slugs(digest) == ["2503.00001"]
    assert severities(digest) == [Severity.ERROR, Severity.ERROR]


def test_papers_that_a_paper_refers_to_are_not_read() -> None:
    digest = read([entry(1, references=[entry(2)], summary="Extends https://arxiv.org/abs/2503.00003.")])
    assert slugs(digest) == ["2503.00001"]


def test_paper_of_several_categories_is_one_entry() -> None:
    digest = read([entry(1, category="cs.CV"), entry(1, category="cs.LG", summary="The fuller one.")])
    (item,) = digest.entries
    assert (item.line, item.paper.tags, item.paper.summary) == (1, ("cs.CV", "cs.LG"), "The fuller one.")


def test_lone_surrogates_are_replaced() -> None:
    paper = papers('[{"title": "A \\ud800 B", "id": "2503.00001", "abstract": "\\udfff", "authors": ["\\ud800"]}]')[0]
    assert paper.title == "A ? B"
    str(paper.abstract + "".join(paper.authors)).encode()


def test_no_object_is_a_paper_in_a_list_of_numbers() -> None:
    assert JsonReader().read("[[1, 2], [3]]", NO_DAY) is None


def test_list_under_a_known_key_may_be_empty() -> None:
    assert one(tldr=["", None], methods=["one", "two"]).summary == "- **Methods:** one, two"


def test_long_items_of_a_list_are_a_list_inside() -> None:
    items = ["The first contribution is an algorithm with a proof.", "The second\nis a benchmark."]
    assert one(contributions=items).summary == (
        "- **Contributions:**\n  - The first contribution is an algorithm with a proof.\n"
        "  - The second\n    is a benchmark."
    )


def test_sentence_in_korean_under_an_unknown_key_is_shown() -> None:
    paper = one(
        advertising_ko="에이전트를 만드는 연구자에게 추천합니다.",
        editor_ko="김철수",
        **{"x" * 101: "A long text of a key."},
    )
    assert paper.summary == "- **Advertising:** 에이전트를 만드는 연구자에게 추천합니다."
    assert paper.language == "ko"


def test_language_is_guessed_for_translations() -> None:
    assert one(tldr_translated="이 논문은 새로운 방법을 제안합니다.").language == "ko"


def test_commas_between_documents_do_not_matter() -> None:
    assert len(papers(f"{json.dumps([entry(1)], indent=1)},\n{json.dumps([entry(2)], indent=1)}")) == 2


def test_text_that_is_no_object_in_a_list_is_reported() -> None:
    digest = read([entry(1), "{'title': 'A', 'arxiv_id': "])
    assert slugs(digest) == ["2503.00001"]
    assert severities(digest) == [Severity.ERROR]


def test_votes_may_be_a_text() -> None:
    assert one(votes="1,234").votes == 1234


def test_negative_votes_are_none() -> None:
    assert one(votes=-1).votes is None


def test_address_without_a_scheme_is_read() -> None:
    (paper,) = papers([{"title": "T", "url": "arxiv.org/abs/2503.00001"}])
    assert paper.slug == "2503.00001"


def test_address_that_is_too_long_is_none() -> None:
    url = f"https://arxiv.org/abs/2503.00001?{'a' * 5_000}"
    assert JsonReader().read(json.dumps([{"title": "T", "url": url, "authors": ["A"]}]), NO_DAY) is None


def test_texts_of_an_object_inside_another_stand_beside_it() -> None:
    paper = one(AI={"tldr": "Short.", "steps": {"first": "Look.", "second": ["a", "b"]}})
    assert paper.summary.split("\n")[1:] == ["- **First:** Look.", "- **Second:** a, b"]


def test_language_of_the_summary_is_that_of_its_letters() -> None:
    assert one(tldr_translated="この論文は新しい手法を提案します。").language == "ja"


def test_large_object_with_a_message_is_no_error() -> None:
    value = {"message": "x", **{f"k{number}": 1 for number in range(9)}}
    assert JsonReader().read(json.dumps(value), PATH) is None


def test_long_title_is_cut_with_an_error() -> None:
    digest = read([entry(1, title="T" * 6_000)])
    assert len(digest.entries[0].paper.title) == 5_000
    assert severities(digest) == [Severity.ERROR]


def test_no_value_is_no_value() -> None:
    paper = one(
        upvotes=None, summary="N/A", githubRepo="null", thumbnail="", categories=[None, "-"], published="unknown"
    )
    assert (paper.votes, paper.summary, paper.image, paper.tags, paper.published) == (None, "", None, (), None)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda children: (
        st.lists(children, max_size=4)
        | st.dictionaries(
            st.sampled_from(["title", "paper", "id", "authors", "AI", "date", "tags", "url", "summary", "x"]), children
        )
    ),
    max_leaves=20,
)


@given(value=_JSON, path=st.sampled_from([PATH, LINES_PATH, NO_DAY]))
def test_reader_never_raises_on_json(value: object, path: PurePosixPath) -> None:
    for source in (json.dumps(value), json.dumps([value, entry(1)], indent=1), repr([value, entry(1)])):
        digest = JsonReader().read(source, path)
        assert digest is None or all(item.paper.title and item.paper.url for item in digest.entries)


@given(
    source=st.text(alphabet="[]{}\"':,\\ \n1aé.TrueNone", max_size=60), path=st.sampled_from([PATH, LINES_PATH, NO_DAY])
)
def test_reader_never_raises_on_text(source: str, path: PurePosixPath) -> None:
    digest = JsonReader().read(source, path)
    assert digest is None or digest.entries == ()
