"""Plans a whole site: every document at one moment, and the file or object that each becomes."""

import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import PurePosixPath

from feeds.errors import ArchiveError, BuildError
from feeds.exporters.contract import Kind, Resource
from feeds.publishing.publisher import Publisher
from feeds.publishing.representation import Representation
from feeds.publishing.static import StaticFile

_ATTEMPTS = 5
_INDEX = "index.html"  # what file servers and buckets send for a folder


class StalePlanError(Exception):
    """The archive or the picture store has changed since the plan was made."""


def with_stable_plan(publisher: Publisher, work: Callable[[list[Representation]], object]) -> None:
    """Call `work` with all documents of the site, those that link to others last.

    If the archive or the picture store changes before it returns, it is called again with a new plan. Raises
    ArchiveError if they changed during every attempt.
    """
    for _ in range(_ATTEMPTS):
        publisher.archive.sync()
        revision = publisher.revision
        with suppress(StalePlanError):
            work(sorted(publisher.all_representations(), key=lambda representation: representation.is_index))
            publisher.archive.sync()
            if publisher.revision == revision:
                return
    raise ArchiveError(f"{publisher.archive.root}: the files change too fast; try again in a minute")


def file_name(representation: Representation) -> str:
    """Return the path of a document's file; a static host serves `latest.html` at `/latest`."""
    name, resource = object_name(representation), representation.resource
    is_bare_page = isinstance(resource, Resource) and resource.format.kind is Kind.PAGE and not resource.format.suffix
    return f"{name}.html" if is_bare_page and name != _INDEX else name


def object_name(representation: Representation) -> str:
    """Return the name of a document's object in a bucket, which is its path."""
    resource = representation.resource
    if isinstance(resource, StaticFile):
        return resource.path
    return resource.key.text + resource.format.suffix or _INDEX  # not `path`, which is percent-encoded


def name_files(representations: Iterable[Representation]) -> dict[str, Representation]:
    """Map the paths of files to their documents.

    Raises BuildError if a path cannot be used, belongs to two documents, or would be both a file and a folder.
    """
    files = _name(representations, file_name)
    for name in files:
        for folder in PurePosixPath(name).parents:
            if str(folder) in files:
                raise BuildError(f"{folder}: would be both a file and the folder of {name}")
    return files


def name_objects(representations: Iterable[Representation]) -> dict[str, Representation]:
    """Map the names of objects to their documents.

    Raises BuildError if a name cannot be used or belongs to two documents.
    """
    return _name(representations, object_name)


def _name(
    representations: Iterable[Representation], name_of: Callable[[Representation], str]
) -> dict[str, Representation]:
    named: dict[str, Representation] = {}
    for representation in representations:
        name = name_of(representation)
        if name in named:
            raise BuildError(f"{name}: both {_writer(named[name])} and {_writer(representation)} would write it")
        if name != os.path.normpath(name) or name.startswith(("/", "..")):
            raise BuildError(f"{name}: not a usable path, but {_writer(representation)} would write it")
        named[name] = representation
    return named


def _writer(representation: Representation) -> str:
    resource = representation.resource
    return "a static file" if isinstance(resource, StaticFile) else f"the exporter {resource.format.name}"
