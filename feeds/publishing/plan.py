"""Plans a site: its documents, which of them may have changed since an earlier plan, and the file or object of each.

The documents form parts, which are planned as a whole: the documents of a period, those of the papers that a day lists
first, and those of everything that looks at the whole archive. A new day affects few parts, however many there are.
A picture is in each part that has a document which links to it.
"""

import hashlib
import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import date, timedelta
from pathlib import PurePosixPath
from typing import NamedTuple

from feeds.archive.snapshot import Snapshot
from feeds.errors import ArchiveError, BuildError
from feeds.exporters.contract import Kind, Resource
from feeds.fingerprint import packages_fingerprint
from feeds.images.picture import FOLDER
from feeds.model.keys import LISTS, PERIODS, RANKED_PERIODS, ListKey, PaperKey, PeriodKey, TopKey, period
from feeds.publishing.publisher import Publisher
from feeds.publishing.representation import PAST_DAYS, Representation
from feeds.publishing.static import StaticFile, static_files
from feeds.site.site import SETTINGS_OF_DOCUMENTS

Parts = Mapping[str, Mapping[str, str]]
"""What is known of the documents of a site, such as their ETags: by part, then by file or object."""

_ATTEMPTS = 5
_INDEX = "index.html"  # what file servers and buckets send for a folder
_WHOLE = ""  # the part of everything that looks at the whole archive
_PAPERS = "papers/"  # the start of the parts that have the papers of a day
_MAX_DAYS = 100  # between two newest days; an archive in which more time has passed is planned as a whole


class StalePlanError(Exception):
    """The archive or the picture store has changed since the plan was made."""


class Basis(NamedTuple):
    """What a plan was made from: two plans with the same basis are the same.

    `code` identifies the code, the settings and the picture store, `change_id` the last change of the archive, `newest`
    the last day that is shown.
    """

    code: str
    revision: str
    change_id: str
    newest: str


class Plan(NamedTuple):
    """The documents that may have changed since an earlier plan.

    The documents of the `parts` replace those that the earlier plan had in these parts, of which some may be gone; so
    are numbered pages of lists that are not among the `pages`. Without `parts` the documents are those of the whole
    site.
    """

    basis: Basis
    documents: Sequence[Representation]
    parts: Collection[str] | None = None
    pages: Collection[str] = ()

    def replaces(self, part: str) -> bool:
        """Return True if the documents that the earlier plan had in a part are out of date."""
        is_gone = part.partition("/")[0] in LISTS and part not in self.pages
        return self.parts is None or part in self.parts or is_gone

    def merge(self, parts: Parts, named: Mapping[str, Representation], values: Mapping[str, str]) -> Parts:
        """Put what is known of the documents of this plan in the place of what was known of those of the earlier plan.

        Args:
            parts: what was known of the earlier plan's documents.
            named: the documents of this plan by name.
            values: what is known of them, also by name; documents without are left out.
        """
        merged = {part: documents for part, documents in parts.items() if not self.replaces(part)}
        for part, names in names_by_part(named).items():
            known = {name: values[name] for name in names if name in values}
            if known:
                merged[part] = {**merged.get(part, {}), **known}
        return merged


def read_basis(publisher: Publisher, compressions: Sequence[str]) -> Basis:
    """Return what a plan would be made from now; `compressions` are those of the documents."""
    with publisher.archive.snapshot() as snapshot:
        return _basis(publisher, snapshot, compressions)


def with_stable_plan(
    publisher: Publisher, previous: Basis | None, compressions: Sequence[str], work: Callable[[Plan], object]
) -> None:
    """Call `work` with the documents that may have changed since the plan with the basis `previous`, if there is one.

    If the archive or the picture store changes before it returns, it is called again with a new plan. Raises
    ArchiveError if they changed during every attempt.
    """
    for _ in range(_ATTEMPTS):
        publisher.archive.sync(thorough=False)
        revision = publisher.revision
        with suppress(StalePlanError):
            work(_make_plan(publisher, previous, compressions))
            publisher.archive.sync(thorough=False)
            if publisher.revision == revision:
                return
    raise ArchiveError(f"{publisher.archive.root}: the files change too fast; try again in a minute")


def names_by_part(named: Mapping[str, Representation]) -> dict[str, dict[str, None]]:
    """Return the names of documents by the parts of the site that they belong to.

    A picture belongs to the parts of all documents that link to it.
    """
    parts: dict[str, dict[str, None]] = {}
    for name, representation in named.items():
        if not is_picture(name):
            names = parts.setdefault(part_of(representation), {})
            names[name] = None
            names |= dict.fromkeys(picture.path for picture in representation.linked_pictures)
    return parts


def is_picture(name: str) -> bool:
    """Return True if a file or an object is a picture from the store."""
    return name.startswith(f"{FOLDER}/")


def part_of(representation: Representation) -> str:
    """Return the part of the site that a document other than a picture belongs to."""
    metadata = representation.metadata
    match metadata and metadata.key:
        case PeriodKey() | TopKey() as key:
            return key.text
        case ListKey(page=int()) as key:
            return key.text
        case PaperKey() if metadata and metadata.newest:
            return _papers_of(metadata.newest)
    return _WHOLE


def _papers_of(day: date) -> str:
    return f"{_PAPERS}{day}"


def _make_plan(publisher: Publisher, previous: Basis | None, compressions: Sequence[str]) -> Plan:
    with publisher.archive.snapshot() as snapshot:
        basis = _basis(publisher, snapshot, compressions)
        changed = _changed_days(snapshot, previous, basis) if previous else None
        pages = {key.text for key in snapshot.list_keys() if key.page}
    if changed is None:
        return Plan(basis, publisher.all_representations())
    days, since = changed
    documents = publisher.all_representations(days, since)
    editions = {period(scope, day).text for scope in PERIODS for day in days}
    editions |= {TopKey(period(scope, day)).text for scope in RANKED_PERIODS for day in days}
    # Of the papers of another day only some are planned, which that day listed first and one of `days` lists again.
    planned = {part for part in map(part_of, documents) if not part.startswith(_PAPERS)}
    return Plan(basis, documents, {_WHOLE, *editions, *planned, *map(_papers_of, days)}, pages)


def _basis(publisher: Publisher, snapshot: Snapshot, compressions: Sequence[str]) -> Basis:
    parts = (
        packages_fingerprint("feeds"),
        publisher.fingerprint,
        publisher.site.fingerprint(SETTINGS_OF_DOCUMENTS),
        str(publisher.store.root),
        publisher.store.revision,
        *(file.etag for file in static_files().values()),
        *compressions,
    )
    calendar = snapshot.calendar()
    newest = str(calendar[-1].date) if calendar else ""
    code = hashlib.sha256("\0".join(parts).encode()).hexdigest()
    return Basis(code, snapshot.revision, snapshot.change_id, newest)


def _changed_days(snapshot: Snapshot, previous: Basis, current: Basis) -> tuple[set[date], date] | None:
    """Return the days whose documents may have changed, deleted days included; None if all documents may have.

    The first one whose papers changed comes with them: papers of later days may be related to these. Days whose date
    has begun since are new, and those that are now older than `PAST_DAYS` may be cached for longer.
    """
    if previous.code != current.code or not previous.newest or not current.newest:
        return None
    since, until = map(date.fromisoformat, (previous.newest, current.newest))
    changed = snapshot.changed_days(previous.change_id)
    if changed is None or not 0 <= (until - since).days <= _MAX_DAYS:
        return None
    passed = [since + timedelta(days) for days in range(1, (until - since).days + 1)]
    days = {*changed, *passed, *(day - timedelta(PAST_DAYS + 1) for day in passed)}
    return days, min(changed, default=date.max)


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
    folders = {os.path.dirname(name): name for name in files}
    for folder, name in folders.items():
        for parent in (folder, *map(str, PurePosixPath(folder).parents)):
            if parent in files:
                raise BuildError(f"{parent}: would be both a file and the folder of {name}")
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
