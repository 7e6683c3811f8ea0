"""Notes in which a citation says how it differs from the paper."""

import sys

from feeds.exporters.contract import RenderContext
from feeds.model.paper import Paper
from feeds.site.languages import written_language
from feeds.text.markdown import excerpt


def build_notes(paper: Paper, context: RenderContext) -> list[str]:
    """Say what the digest does not tell as the paper does: the order and the number of its authors.

    The comment of the authors and the summary follow.
    """
    locale = context.locale
    notes = []
    if len(paper.authors) > 1 and not paper.has_author_order:
        notes.append(
            locale.gettext("The authors are in the order of the digest, which may differ from that of the paper.")
        )
    if paper.more_authors:
        notes.append(locale.gettext("The digest does not name all authors."))
    if paper.comment:
        notes.append(f"{locale.gettext('Comment')}: {' '.join(paper.comment.split())}")
    if summary := excerpt(paper.summary_text, sys.maxsize):
        language = locale.language_name(paper.language or written_language(summary, context.site.language))
        label = locale.gettext("Summary in {language}", language=language)
        notes.append(f"[{label}] {summary}")
    return notes
