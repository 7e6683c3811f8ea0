"""Prepares the summaries of papers for pages: labelled points as paragraphs, and the lead apart from the rest."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from lxml import etree

from feeds.text.markdown import html_to_xhtml

_LISTS = ("ul", "ol")
_BLOCKS = frozenset(["blockquote", "div", "dl", "hr", "ol", "p", "pre", "table", "ul"])


class Body(NamedTuple):
    """The text of a paper as XHTML: its first paragraph or list item, after which a picture may stand, and the rest."""

    lead: str
    rest: str


def split_body(html: str) -> Body:
    """Split a safe HTML text after its first paragraph or list item.

    Items that begin with a label in bold, such as `**Method:**`, become paragraphs, because their labels already tell
    them apart. A label without a sentence has the class `label`, which keeps it with what follows.
    """
    root = etree.fromstring(f"<div>{html_to_xhtml(html)}</div>")
    blocks = [block for element in root for block in _convert(element)]
    if root.text and root.text.strip():
        return Body("", _serialize([root]))
    lead, rest = blocks[:1], blocks[1:]
    if lead and lead[0].tag in _LISTS and len(lead[0]) > 1:
        rest.insert(0, _split_list(lead[0]))
    return Body(_serialize(lead), _serialize(rest))


def _convert(element: "etree._Element") -> Iterator["etree._Element"]:
    """Yield an element, or the items of a list of labelled points."""
    for item in element.iter("li"):
        if _is_label_of_list(item):
            _wrap_label(item)
    for paragraph in element.iter("p"):
        if _has_label(paragraph) and _is_label_alone(paragraph):
            paragraph.set("class", "label")
    if element.tag != "ul" or not all(_has_label(item) for item in element):
        yield element
        return
    for item in element:
        item.tag = "div" if any(child.tag in _BLOCKS for child in item) else "p"
        item.set("class", "point")
        item.tail = "\n"
        yield item


def _has_label(element: "etree._Element") -> bool:
    """Return True if an element, or its first paragraph, begins with bold text."""
    if (element.text or "").strip() or not len(element):
        return False
    first = element[0]
    return _has_label(first) if first.tag == "p" else first.tag == "strong"


def _is_label_alone(paragraph: "etree._Element") -> bool:
    return len(paragraph) == 1 and (paragraph[0].tail or "").strip() in ("", ":")


def _is_label_of_list(item: "etree._Element") -> bool:
    """Return True for an item such as `**Method:**` with a nested list and no sentence before it."""
    if len(item) < 2 or item[0].tag != "strong" or (item.text or "").strip():
        return False
    return (item[0].tail or "").strip() in ("", ":") and item[1].tag in _LISTS


def _wrap_label(item: "etree._Element") -> None:
    label = etree.Element("p", {"class": "label"})
    label.append(item[0])  # with the colon after it
    item.insert(0, label)


def _split_list(items: "etree._Element") -> "etree._Element":
    """Move all items but the first to a list of their own, which goes on counting."""
    rest = etree.Element(items.tag, dict(items.attrib))
    if items.tag == "ol":
        rest.set("start", str(int(items.get("start") or 1) + 1))
    rest.extend(list(items)[1:])
    return rest


def _serialize(elements: Sequence["etree._Element"]) -> str:
    return "".join(etree.tostring(element, encoding="unicode") for element in elements)
