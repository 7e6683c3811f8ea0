"""Front matter as people and tools write it: YAML with and without its rules, and TOML."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.readers.notes.front_matter import FrontMatter, parse_front_matter


def parse(source: str) -> FrontMatter:
    matter = parse_front_matter(source)
    assert matter is not None
    return matter


def value(text: str) -> object:
    """Return the value of a field as written after `key:`."""
    return parse(f"---\nkey:{text}\nlast: 1\n---\n").fields["key"]


def test_body_follows_the_fields_with_its_line() -> None:
    matter = parse("---\ntitle: A\n---\n\nText.\n")
    assert (matter.fields, matter.body, matter.body_line) == ({"title": "A"}, "\nText.\n", 4)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (" A plain text", "A plain text"),
        (" Foo: a bar of baz", "Foo: a bar of baz"),
        (" 'It''s quoted'", "It's quoted"),
        (' "A \\"quoted\\" \\u00e9"', 'A "quoted" é'),
        (' "The $\\alpha$-method"', "The $\\alpha$-method"),
        (" A # comment", "A"),
        (" C# and F#", "C# and F#"),
        (" null", ""),
        ("", ""),
        ("\n  continued\n  twice", "continued twice"),
        (" A text\n  continued", "A text continued"),
        (" >-\n  Folded\n  text.\n\n  Second.", "Folded text.\n\nSecond."),
        (" |\n  Kept\n    as is.", "Kept\n  as is."),
        (" [a, 'b, c', \"d\"]", ["a", "b, c", "d"]),
        (" [\n  a,\n  b\n]", ["a", "b"]),
        (" [[[Ada]], [[Alan]]]", ["[[Ada]]", "[[Alan]]"]),
        (" []", []),
        (" # nothing", ""),
        (' ["a" b, c]', ['"a" b', "c"]),
        (" [a [b], c]", []),
        ("\n- a\n- b: with colon\n- 'c'", ["a", "b: with colon", "c"]),
        ('\n  - a\n  - "b # c"', ["a", "b # c"]),
        (
            "\n  - name: Ada\n    affiliation: X\n  - name: Alan",
            [{"name": "Ada", "affiliation": "X"}, {"name": "Alan"}],
        ),
        ("\n  arxiv: 2401.00001\n  code: https://x.org", {"arxiv": "2401.00001", "code": "https://x.org"}),
        (" https://arxiv.org/abs/2401.00001", "https://arxiv.org/abs/2401.00001"),
        (" 2401.00010", "2401.00010"),
        (' ""', ""),
    ],
)
def test_value_of_yaml_is_read_as_people_mean_it(text: str, expected: object) -> None:
    assert value(text) == expected


def test_toml_is_read_with_the_params_of_hugo() -> None:
    matter = parse('+++\ntitle = "A"\ndate = 2024-01-30\ntags = ["x", "y"]\n[params]\narxiv = "2401.00001"\n+++\nText.')
    assert matter.fields["title"] == "A"
    assert matter.fields["date"] == "2024-01-30"
    assert matter.fields["tags"] == ["x", "y"]
    assert matter.fields["arxiv"] == "2401.00001"


def test_broken_toml_is_a_problem() -> None:
    assert parse("+++\ntitle = \n+++\n").problem


@pytest.mark.parametrize(
    "source", ["", "# A", "---\ntitle: A\n", "--- a\n---\n", "----\na: b\n----\n", "Text\n---\na: b\n---\n"]
)
def test_text_without_front_matter_has_none(source: str) -> None:
    assert parse_front_matter(source) is None


def test_windows_line_ends_and_a_byte_order_mark_do_not_matter() -> None:
    assert parse("\ufeff---\r\ntitle: A\r\n---\r\nText.").fields == {"title": "A"}


@given(st.text(alphabet="---+:#[]{}\"'\\|> \nab1", max_size=80))
def test_parser_never_raises(text: str) -> None:
    for mark in ("---", "+++"):
        matter = parse(f"{mark}\n{text}\n{mark}\n")
        assert matter.body_line >= 3
