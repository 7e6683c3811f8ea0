"""Digests for tests: the seeds, day files in a short notation, a hostile day; and what an archive of them renders."""

from collections.abc import Callable, Mapping
from pathlib import Path

from feeds.exporters.contract import Resource
from feeds.model.edition import Edition
from feeds.publishing.publisher import Publisher

ROOT = Path(__file__).parents[2]
SEEDS = ROOT / "seeds"

Files = Mapping[str, str | bytes]
"""The contents of files by their paths."""

OpenFiles = Callable[[Files], Publisher]
"""Writes files to an empty folder and opens it as an archive."""


def write_files(root: Path, files: Files) -> None:
    """Write files under a folder."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)


def paper(title: str = "A Paper", number: str = "2401.00001", **lines: str) -> str:
    """Return a paper of a day file.

    Args:
        title: the title, in Markdown.
        number: the arXiv identifier; 2401.1 is short for 2401.00001.
        lines: the lines below the heading, by name: `extras`, `media`, `votes`, `authors`, `summary`.
    """
    month, _, serial = number.partition(".")
    heading = f"### [{title}](https://arxiv.org/abs/{month}.{serial:0>5})"
    parts = [f"{heading}\n{lines['extras']}" if "extras" in lines else heading]
    parts += [lines[name] for name in ("media", "votes", "authors", "summary") if name in lines]
    return "\n\n".join(parts) + "\n"


def day(date: str, *papers: str) -> str:
    """Return a day file."""
    return "\n".join([f"## Daily Papers ({date})\n", *papers])


HOSTILE = day(
    "2024-01-30",
    paper('LLM$\\times$MapReduce & <think> "q" ]]> `c`', "2401.1", votes="Vote: 0", authors="Authors: A & B, <C>"),
    paper(
        "[IDK] " + "길" * 200,
        "2401.2",
        summary="- <script>alert(1)</script> ]]> &nbsp; \x08 <EOS> $a_1$\n\n***\n\n<br>",
    ),
    paper("Many", "2401.3", authors="Authors: " + ", ".join(f"Name {number}" for number in range(663))),
    paper("Video", "2401.4", media="![](https://e.org/a.qt)\n![](https://e.org/a&b.png)"),
    "### [](https://e.org/no-title)\n",
    paper("Nothing", "2401.6"),
)
"""A day file whose papers hold everything that a document could break on."""


def load(publisher: Publisher, key: str, **parameters: str) -> Edition:
    """Load the edition with a key, as URLs write it."""
    resource = publisher.find(key, parameters.items())
    assert isinstance(resource, Resource)
    with publisher.archive.snapshot() as snapshot:
        return snapshot.load(resource.key)


def render(publisher: Publisher, format_name: str, key: str, **parameters: str) -> bytes:
    """Render the edition with a key, as URLs write it, in a format."""
    resource = publisher.resource(publisher.formats[format_name], key, parameters.items())
    assert resource is not None
    return publisher.render(publisher.representation(resource)).body


def resources(publisher: Publisher) -> list[Resource]:
    """List every document with a fixed URL but the static files."""
    documents = [representation.resource for representation in publisher.all_representations()]
    return [resource for resource in documents if isinstance(resource, Resource)]
