"""Builds a feed of everything and a page a paper, as Hugo does: `python -m tests.benchmarks.site ARCHIVE OUT`."""

import os
import sys
from dataclasses import replace
from pathlib import Path

from feeds.archive.records import available_cores
from feeds.exporters.registry import Registry
from feeds.model.keys import Scope
from feeds.progress import no_progress
from feeds.publishing.build import build
from feeds.publishing.publisher import Publisher, open_publisher

_OFFERED = {"rss": frozenset({Scope.ALL}), "html": frozenset({Scope.PAPER})}

if __name__ == "__main__":
    archive, out = map(Path, sys.argv[1:])
    everything = open_publisher(archive, os.environ)
    formats = Registry(replace(item, offered=_OFFERED.get(item.name, frozenset())) for item in everything.formats)
    publisher = Publisher(everything.archive, formats, everything.site, everything.store)
    build(publisher, out, (), available_cores(), no_progress)
