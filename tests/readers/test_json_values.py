"""JSON read piece by piece, and literals of Python rewritten as JSON."""

import ast
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.readers.json_papers.values import Broken, Child, Text, is_json_lines, is_python, python_to_json


def test_children_have_keys_places_and_values() -> None:
    text = Text('{"a": [1],\n "b": {}}')
    assert [(child.key, child.value) for child in text.children(0)] == [("a", [1]), ("b", {})]
    assert [text.line(child.start) for child in text.children(0)] == [1, 2]


def test_value_has_no_children() -> None:
    assert list(Text('"a"').children(0)) == []


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ('[1, {"a": 2]', "line 1"),
        ("[1,\n2\n3]", "a comma is missing in line 3"),
        ('{"a"\n1}', "a colon is missing in line 2"),
        ("[1, ", "line 1"),
        (f"[{'9' * 5_000}]", "limit"),
    ],
)
def test_broken_text_says_where_and_why(source: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        list(Text(source).children(0))


def test_broken_child_is_yielded_before_the_error() -> None:
    children = Text('[1, {"a": ').children(0)
    assert next(children) == Child("", 1, 1)
    assert isinstance(next(children).value, Broken)


def test_nesting_that_is_too_deep_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="too deeply"):
        Text("[" * 100_000).decode(0)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('{"a": 1}\n{"a": 2}\n', True),
        ('\n\n{"a": 1},\n{"a": 2}', True),
        ("{'a': 1}\n{'a': 2}", True),
        ('{"a": 1}\n', False),
        ('{"a":\n1}', False),
        ('[{"a": 1}]\n[]', False),
        ("", False),
    ],
)
def test_json_lines_are_objects_on_lines_of_their_own(source: str, expected: bool) -> None:
    assert is_json_lines(source) is expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [("{'a': 1}", True), ("[ ('a',)]", True), ('{"a": 1}', False), ("[1, 'a']", False), ("", False), ("don't", False)],
)
def test_python_is_told_by_its_quotes(source: str, expected: bool) -> None:
    assert is_python(source) is expected


@pytest.mark.parametrize(
    "source",
    [
        "{'a': None, 'b': True, 'c': False}",
        "{'it': 'it\\'s \"x\"', \"d\": \"it's\"}",
        "['\\x41\\u00e9\\U0001f600\\n\\t\\\\', '\\101']",
        "[1, 2.5, -3, ('a', 'b',), []]",
        "['a\\\nb']",
        "['None, True', '(x)']",
    ],
)
def test_python_literals_keep_their_values(source: str) -> None:
    assert json.loads(python_to_json(source)) == json.loads(json.dumps(ast.literal_eval(source)))


def test_backslash_that_escapes_nothing_stays() -> None:
    assert json.loads(python_to_json("['\\d']")) == ["\\d"]


def test_code_beyond_unicode_is_replaced() -> None:
    assert json.loads(python_to_json("['\\Uffffffff']")) == ["\ufffd"]


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda values: st.lists(values) | st.dictionaries(st.text(), values),
)


@given(_VALUES)
def test_repr_of_any_value_is_rewritten_exactly(value: object) -> None:
    assert json.loads(python_to_json(repr(value)), strict=False) == value
