"""Converts Markdown, LaTeX, Unicode text and URLs to safe HTML, XHTML, MathML and plain text."""
