"""Finding the files of an archive is tested with the archive; here, decoding them."""

import pytest

from feeds.archive.files import DecodedFile, decode
from feeds.model.diagnostic import Diagnostic, Severity
from tests.support.digests import day, paper

TEXT = day("2024-01-30", paper("제목 “인용” β", summary="- 언어 모델(言語)을 제안합니다.\n- 됬다"))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
def test_unicode_is_decoded_silently(encoding: str) -> None:
    assert decode(TEXT.encode(encoding)) == DecodedFile(TEXT, ())


@pytest.mark.parametrize(
    ("encoding", "name"),
    [("cp949", "CP949 (EUC-KR)"), ("utf-16-le", "UTF-16"), ("utf-16-be", "UTF-16")],
)
def test_other_encoding_is_decoded_with_a_warning(encoding: str, name: str) -> None:
    message = f"the file is read as {name}; save it as UTF-8"
    assert decode(TEXT.encode(encoding)) == DecodedFile(TEXT, (Diagnostic(1, message, Severity.WARNING),))


def test_euc_kr_is_decoded_as_its_superset() -> None:
    text = TEXT.replace("됬", "됐")
    assert decode(text.encode("euc_kr")).text == text


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("johab", "- 언어 모델을 제안합니다.\n"),
        ("gb18030", "- 本文提出了一种新的方法\n"),
        ("big5", "- 本文提出了一種新的方法\n"),
        ("shift_jis", "- この論文では新しい手法を提案します\n"),
        ("euc_jp", "- この論文では新しい手法を提案します\n"),
        ("cp1252", "- “Zoé”, José – Müller’s\n"),
        ("latin-1", "Authors: Åsa Ångström, Ærø\n"),
    ],
)
def test_unknown_encoding_is_an_error_with_its_line(encoding: str, text: str) -> None:
    decoded = decode(f"## Daily Papers (2024-01-30)\n\n{text}".encode(encoding))
    assert "\ufffd" in decoded.text
    assert [(diagnostic.line, diagnostic.severity) for diagnostic in decoded.diagnostics] == [(3, Severity.ERROR)]


@pytest.mark.parametrize("broken", [b"\xff\xfe", "끝".encode("cp949"), "é".encode("latin-1")])
def test_bad_bytes_in_utf_8_are_an_error_with_their_line(broken: bytes) -> None:
    decoded = decode(TEXT.encode() + b"- " + broken + b"\n")
    assert decoded.text.startswith(TEXT)
    assert [(diagnostic.line, diagnostic.severity) for diagnostic in decoded.diagnostics] == [(7, Severity.ERROR)]


def test_null_characters_do_not_make_a_file_utf_16() -> None:
    text = TEXT.replace("제목", "\0제\0목")
    assert decode(text.encode()) == DecodedFile(text, ())
    assert decode(b"\0" * 100) == DecodedFile("\0" * 100, ())
