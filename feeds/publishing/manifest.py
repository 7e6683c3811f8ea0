"""Records of a built site: what it consists of, and what it was built from."""

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from feeds.files import atomic_write
from feeds.publishing.plan import Basis, Parts, is_picture

SUFFIXES = {"": "", "gzip": ".gz", "br": ".br", "zstd": ".zst"}
"""The suffixes of files by compression, "" for none."""


class Manifest(NamedTuple):
    """What a site consists of: the ETags of its documents, and the compressions of their variants."""

    compressions: list[str]
    parts: Parts

    @property
    def etags(self) -> dict[str, str]:
        """The ETags of all documents by file."""
        return {name: etag for etags in self.parts.values() for name, etag in etags.items()}

    def file_names(self) -> set[str]:
        """List the files, with all variants even where compression did not pay."""
        return {name + SUFFIXES[compression] for name in self.etags for compression in ("", *self.compressions)}

    def write(self, path: Path) -> None:
        """Write the manifest to a file."""
        content = {"codings": self.compressions, "parts": self.parts}
        atomic_write(path, json.dumps(content, ensure_ascii=False).encode())


class Changes(NamedTuple):
    """The documents of two sites, but for parts that are the same in both: their ETags by file."""

    before: Mapping[str, str]
    after: Mapping[str, str]

    @property
    def changed(self) -> dict[str, str]:
        """The ETags of the files that are new or different."""
        return {name: etag for name, etag in self.after.items() if self.before.get(name) != etag}

    @property
    def removed(self) -> set[str]:
        """The files that are gone."""
        return self.before.keys() - self.after.keys()


class Stamp(NamedTuple):
    """What a site was built from and how the build left it.

    `basis` is None if a document could not be rendered. `folders` are the mtimes of all folders, in nanoseconds.
    """

    basis: Basis | None = None
    documents: int = 0
    folders: Mapping[str, int] = {}

    def write(self, path: Path) -> None:
        """Write the stamp to a file."""
        atomic_write(path, json.dumps(self, ensure_ascii=False).encode())


def compare(before: Parts, after: Parts) -> Changes:
    """Compare the documents of two sites; parts that are the same are looked into only for pictures of others."""
    old, new = _differing(before, after), _differing(after, before)
    pictures = set(filter(is_picture, old.keys() | new.keys()))
    if pictures:
        for part, etags in after.items():
            if before.get(part) == etags:
                kept = {name: etags[name] for name in pictures & etags.keys()}
                old |= kept
                new |= kept
    return Changes(old, new)


def _differing(parts: Parts, others: Parts) -> dict[str, str]:
    differing = (etags for part, etags in parts.items() if others.get(part) != etags)
    return {name: etag for etags in differing for name, etag in etags.items()}


def read_manifest(path: Path) -> Manifest:
    """Read a manifest; an empty one if the file is missing, corrupt or of another version."""
    with suppress(FileNotFoundError, ValueError, TypeError, KeyError):
        content = json.loads(path.read_bytes())
        parts = content.get("parts") or {"": content["tags"]}  # before version 0.3
        manifest = Manifest(content["codings"], parts)
        if SUFFIXES.keys() >= set(manifest.compressions):
            return manifest
    return Manifest([], {})


def read_stamp(path: Path) -> Stamp:
    """Read a stamp; an empty one if the file is missing, corrupt or of another version."""
    with suppress(FileNotFoundError, ValueError, TypeError):
        basis, documents, folders = json.loads(path.read_bytes())
        return Stamp(basis and Basis(*basis), documents, folders)
    return Stamp()
