"""EPUB books and their covers."""

from feeds.exporters.epub.cover import CoverExporter, ThumbnailExporter
from feeds.exporters.epub.exporter import EpubExporter

__all__ = ["CoverExporter", "EpubExporter", "ThumbnailExporter"]
