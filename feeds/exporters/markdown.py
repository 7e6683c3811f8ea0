"""Editions as day files: the Markdown that archives are made of, which `feeds.readers` reads."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from feeds.archive.edition import Edition
from feeds.exporters.contract import CUTS, Kind, Scope
from feeds.model.paper import Paper
from feeds.readers import syntax
from feeds.site.site import Site

_SYNTAX = re.compile(r"[\[\]()\\$&'\"]")


class MarkdownExporter:
    """The digests themselves: put into a folder, the file is an archive of the same papers."""

    name = "md"
    suffix = ".md"
    media_type = "text/markdown; charset=utf-8"
    kind = Kind.FILE
    scopes = CUTS

    def render(self, edition: Edition, site: Site) -> Iterator[bytes]:  # noqa: ARG002  # the contract
        """Render a heading a day, newest first, and the papers below in the day's order."""
        for day, papers in sorted(_days(edition).items(), reverse=True):
            blocks = [f"## Daily Papers ({day})", *(block for paper in papers for block in _blocks(paper))]
            yield "".join(f"{block}\n\n" for block in blocks).encode()


def _days(edition: Edition) -> Mapping[date, Sequence[Paper]]:
    """Sort papers by the day that lists them: in the edition of a day this one, whichever listed a paper first."""
    if edition.key.scope is Scope.DAY:
        return {day.date: edition.papers for day in edition.days}
    listed: dict[date, list[Paper]] = {day.date: [] for day in edition.days}
    for paper in sorted(edition.papers, key=lambda paper: paper.rank):  # a search may have them by their votes
        listed.setdefault(paper.day, []).append(paper)
    return listed


def _blocks(paper: Paper) -> Iterator[str]:
    """Write a paper as blocks with a blank line between them."""
    yield f"### {_heading(paper)}"
    if paper.image:
        yield f"![]({_address(paper.image)})"
    if paper.video:
        address = _address(paper.video)
        yield f'[Watch Video]({address})\n<div><video controls src="{address}" muted="false"></video></div>'
    if paper.votes is not None:
        yield f"Vote: {paper.votes}"
    if paper.authors or paper.more_authors:
        yield f"Authors: {_authors(paper)}"
    if paper.summary:
        yield paper.summary


def _heading(paper: Paper) -> str:
    """Write title and address as a link, the title as it is wherever that can be read again."""
    address = _address(paper.url)
    title = _text(paper.title)
    if syntax.parse_link(f"[{title}]({address})") != (title, address, ""):
        title = _encoded(paper.title)
    return f"[{title}]({address})"


def _authors(paper: Paper) -> str:
    """Write names with commas between them, as a Python list where those would be read as others."""
    names = [_name(name) for name in paper.authors] + ["+"] * paper.more_authors
    line = syntax.AUTHORS.fullmatch(f"Authors: {', '.join(names)}")
    if line and syntax.parse_authors(line["value"]) == (paper.authors, paper.more_authors, True):
        return ", ".join(names)
    return repr(names)


def _name(name: str) -> str:
    """Write a name so that the `and` before it, which is read as none of its words, is not its own."""
    return f"and {_text(name)}" if name.startswith("and ") else _text(name)


def _address(url: str) -> str:
    """Write an address as it is, or so that no bracket or quote in it ends it."""
    is_safe = syntax.PICTURE.fullmatch(f"![]({url})") and syntax.parse_url(url) == url and "'" not in url
    return url if is_safe else _encoded(url)


def _text(text: str) -> str:
    """Write a text as it is, unless it holds what would be read as an escape or an entity."""
    return text if syntax.unescape(text) == text else _encoded(text)


def _encoded(text: str) -> str:
    """Write what may be syntax as entities, which are never read as such."""
    return _SYNTAX.sub(lambda found: f"&#{ord(found[0])};", text)
