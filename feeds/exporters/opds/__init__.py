"""Catalogs of books: OPDS 1.2 and OPDS 2.0."""

from feeds.exporters.opds.opds1 import OpdsExporter, OpdsRootExporter
from feeds.exporters.opds.opds2 import Opds2Exporter, Opds2RootExporter

__all__ = ["Opds2Exporter", "Opds2RootExporter", "OpdsExporter", "OpdsRootExporter"]
