"""Queries: URL parameters are parsed, refused with a reason, and written in one way."""

import pytest

from feeds.errors import QueryError
from feeds.model.query import EVERYTHING, Query, parse_query


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("min_votes", "many"),
        ("min_votes", "-1"),
        ("min_votes", "9" * 5000),
        ("from", "yesterday"),
        ("from", "2024-02-30"),
        ("to", "20240130"),
        ("has", "music"),
        ("order", "random"),
        ("limit", "0"),
        ("limit", "501"),
        ("page", "0"),
        ("limit", "１"),
        ("q", "가" * 201),
        ("q", "가 " * 25),
        ("q", "|".join("abcdefghijklmnopqrstuvwxy")),
        ("q", f'"{"a " * 25}"'),
        ("author", "x" * 201),
    ],
)
def test_wrong_value_is_refused_by_the_parameter_name(name: str, value: str) -> None:
    with pytest.raises(QueryError, match=rf"^{name}: ") as raised:
        parse_query([(name, value)])
    assert len(str(raised.value)) < 120


def test_query_of_as_many_words_as_a_long_title_is_accepted() -> None:
    words = [f"word{number}" for number in range(24)]
    assert len(parse_query([("q", " ".join(words))]).clauses) == 24


def test_dates_in_the_wrong_order_are_refused() -> None:
    with pytest.raises(QueryError, match="^from: "):
        parse_query([("from", "2024-02-01"), ("to", "2024-01-01")])


def test_parameters_are_normalized() -> None:
    parameters = [
        ("limit", "50"),
        ("has", "video"),
        ("utm_source", "x"),
        ("q", "  a   b "),
        ("has", "code"),
        ("order", "new"),
        ("min_votes", "007"),
        ("to", "2024-01-31"),
        ("from", ""),
    ]
    query = parse_query(parameters)
    assert query.parameters() == {"q": "a b", "min_votes": "7", "to": "2024-01-31", "has": "code,video"}
    assert parse_query(query.parameters().items()) == query


def test_no_parameters_select_the_first_page_of_everything() -> None:
    assert parse_query([]) == Query(limit=50)
    assert EVERYTHING.parameters() == {}


def test_terms_are_alternatives_of_words_and_phrases() -> None:
    query = Query(q='LLM|"language model" 각 “확산 모델”')
    assert query.terms == (("llm", "language model"), ("각",), ("확산 모델",))


def test_tags_are_written_once_and_in_one_order() -> None:
    query = parse_query([("tag", "cs.LG, cs.CV"), ("tag", "CS.lg,,stat.ML")])
    assert query.tags == ("cs.CV", "CS.lg", "stat.ML")
    assert query.parameters() == {"tag": "cs.CV,CS.lg,stat.ML"}


def test_too_many_tags_are_refused() -> None:
    with pytest.raises(QueryError, match="^tag: at most 10 tags, not 11"):
        parse_query([("tag", ",".join(map(str, range(11))))])
