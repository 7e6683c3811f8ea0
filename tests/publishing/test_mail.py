"""Mail: a book handed to a real server on 127.0.0.1."""

import re
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

from feeds.publishing.publisher import Catalog
from tests.cli.test_cli import feeds
from tests.support.digests import day, paper, write_files
from tests.support.servers import free_port

pytestmark = pytest.mark.external

SENDER = {"FEEDS_SMTP_HOST": "127.0.0.1", "FEEDS_MAIL_FROM": "papers@e.org", "FEEDS_SMTP_SECURITY": "none"}
READER = "reader@kindle.example"


class Postbox:
    """What a server has taken."""

    def __init__(self, refuses: str = "") -> None:
        self.mails: list[EmailMessage] = []
        self.envelopes: list[tuple[str, list[str]]] = []
        self._refuses = refuses

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802  # aiosmtpd's contract
        if self._refuses:
            return self._refuses
        self.envelopes.append((envelope.mail_from, envelope.rcpt_tos))
        mail = BytesParser(policy=default).parsebytes(envelope.content)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        return "250 OK"


@contextmanager
def listening(box: Postbox, environ: dict[str, str], **options: Any) -> Iterator[dict[str, str]]:
    """Take mail; give the environment of a command that sends here."""
    port = free_port()
    controller = Controller(box, hostname="127.0.0.1", port=port, **options)
    controller.start()
    try:
        yield environ | SENDER | {"FEEDS_SMTP_PORT": str(port)}
    finally:
        controller.stop()


@pytest.fixture
def box() -> Postbox:
    return Postbox()


def test_the_newest_day_is_sent_as_an_attachment(environ: dict[str, str], box: Postbox) -> None:
    with listening(box, environ) as sending:
        result = feeds("send", READER, environ=sending)
    assert (result.returncode, result.stderr) == (0, f"sent daily-papers-2024-03-20.epub to {READER}\n".encode())
    assert box.envelopes == [("papers@e.org", [READER])]
    (mail,) = box.mails
    assert (mail["From"], mail["To"]) == ("papers@e.org", READER)
    assert mail["Subject"] == "Daily Papers — 2024년 3월 20일"
    assert mail["Date"].datetime.tzinfo
    assert mail["Message-ID"].endswith("@e.org>")
    (book,) = mail.iter_attachments()
    assert (book.get_filename(), book.get_content_type()) == ("daily-papers-2024-03-20.epub", "application/epub+zip")
    exported = feeds("export", "epub", "2024-03-20", environ=environ)
    assert book.get_content() == exported.stdout


def test_a_key_or_a_search_says_what_is_sent(environ: dict[str, str], seeds: Catalog, box: Postbox) -> None:
    book_of_search = seeds.find("search.epub", [("q", "확산")])
    assert re.fullmatch(r"daily-papers-search-[0-9a-f]{8}\.epub", book_of_search.file_name)
    with listening(box, environ) as sending:
        assert feeds("send", READER, "2024-W05", environ=sending).returncode == 0
        assert feeds("send", READER, "--q", "확산", environ=sending).returncode == 0
    names = [attachment.get_filename() for mail in box.mails for attachment in mail.iter_attachments()]
    assert names == ["daily-papers-2024-W05.epub", book_of_search.file_name]
    assert box.mails[1]["Subject"] == "Daily Papers — 검색: 확산"


def test_a_book_is_sent_to_an_address_once(environ: dict[str, str], box: Postbox) -> None:
    with listening(box, environ) as sending:
        for _ in range(2):
            again = feeds("send", READER, environ=sending)
        assert (again.returncode, len(box.mails)) == (0, 1)
        assert b"was sent to reader@kindle.example before" in again.stderr
        feeds("send", "another@kindle.example", environ=sending)
        feeds("send", READER, "2024-01-30", environ=sending)
        feeds("send", READER, "--again", environ=sending)
    assert len(box.mails) == 4


def test_what_the_server_refuses_is_said_and_sent_the_next_time(environ: dict[str, str], box: Postbox) -> None:
    with listening(Postbox("552 too large"), environ) as sending:
        refused = feeds("send", READER, environ=sending)
    assert refused.returncode == 1
    assert refused.stderr.decode().endswith(": 552 too large\n")
    assert refused.stderr.count(b"\n") == 1
    with listening(box, environ) as sending:
        assert feeds("send", READER, environ=sending).returncode == 0
    assert len(box.mails) == 1


def test_an_unknown_recipient_is_said(environ: dict[str, str]) -> None:
    class Unknown(Postbox):
        async def handle_RCPT(self, *_: Any) -> str:  # noqa: N802  # aiosmtpd's contract
            return "550 no such user"

    with listening(Unknown(), environ) as sending:
        result = feeds("send", READER, environ=sending)
    assert result.returncode == 1
    assert b"550 no such user" in result.stderr


def test_where_nobody_listens_the_error_names_the_server(environ: dict[str, str]) -> None:
    port = str(free_port())
    result = feeds("send", READER, environ=environ | SENDER | {"FEEDS_SMTP_PORT": port})
    assert result.returncode == 1
    assert f"127.0.0.1:{port}: [Errno" in result.stderr.decode()


def test_without_settings_the_error_names_them(environ: dict[str, str]) -> None:
    result = feeds("send", READER, environ=environ)
    assert result.returncode == 1
    assert b"smtp_host and mail_from" in result.stderr


@pytest.mark.parametrize("address", ["nobody", "a@b\nBcc: c@d", "", "a b@c", "@", "a@", "<a@b>"])
def test_what_is_no_address_is_refused(environ: dict[str, str], address: str) -> None:
    result = feeds("send", address, environ=environ | SENDER)
    assert result.returncode == 1
    assert b"is no mail address" in result.stderr
    assert b"Traceback" not in result.stderr


def test_no_mail_goes_out_without_the_tls_that_was_asked_for(environ: dict[str, str], box: Postbox) -> None:
    with listening(box, environ) as sending:
        result = feeds("send", READER, environ=sending | {"FEEDS_SMTP_SECURITY": "starttls"})
    assert result.returncode == 1
    assert b"STARTTLS" in result.stderr
    assert box.mails == []


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1 and its key, in one file."""
    path = tmp_path_factory.mktemp("tls") / "pair.pem"
    command = (
        "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1"
    )
    subprocess.run([*command.split(), "-keyout", path, "-out", f"{path}.crt"], capture_output=True, check=True)
    path.write_bytes(path.read_bytes() + Path(f"{path}.crt").read_bytes())
    return path


def authenticate(_server: SMTP, _session: Any, _envelope: Any, _mechanism: str, data: LoginPassword) -> AuthResult:
    is_right = (data.login, data.password) == (b"papers", b"pass %: word")
    return AuthResult(success=is_right, handled=False)  # aiosmtpd is to answer


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
@pytest.mark.parametrize("security", ["starttls", "tls"])
@pytest.mark.parametrize(("password", "status"), [("pass %: word", 0), ("wrong", 1)])
def test_over_tls_with_a_password(
    environ: dict[str, str], box: Postbox, certificate: Path, security: str, password: str, status: int
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    options: dict[str, Any] = {"authenticator": authenticate, "auth_required": True}
    options |= {"ssl_context": context} if security == "tls" else {"tls_context": context, "require_starttls": True}
    if security == "tls":
        options["auth_require_tls"] = False  # aiosmtpd does not count a connection that began with TLS
    with listening(box, environ, **options) as sending:
        login = {"FEEDS_SMTP_USER": "papers", "FEEDS_SMTP_PASSWORD": password, "FEEDS_SMTP_SECURITY": security}
        trusting = sending | login | {"SSL_CERT_FILE": f"{certificate}.crt"}
        result = feeds("send", READER, environ=trusting)
        assert (result.returncode, len(box.mails)) == (status, 1 - status), result.stderr
        assert status == 0 or b"535" in result.stderr
        stranger = feeds("send", "other@e.org", environ=sending | login)
        assert stranger.returncode == 1
        assert b"certificate" in stranger.stderr


def test_the_newest_day_is_the_newest_with_papers(environ: dict[str, str], folder: Path, box: Postbox) -> None:
    write_files(folder, {"1.md": day("2024-01-30", paper("A", "2401.1")), "2.md": day("2024-01-31")})
    with listening(box, environ) as sending:
        assert feeds("send", READER, "--archive", folder, environ=sending).returncode == 0
    assert [attachment.get_filename() for attachment in box.mails[0].iter_attachments()] == [
        "daily-papers-2024-01-30.epub"
    ]


def test_where_there_is_no_paper_nothing_is_sent_and_nothing_wrong(
    environ: dict[str, str], folder: Path, box: Postbox
) -> None:
    write_files(folder, {"1.md": day("2024-01-30")})
    with listening(box, environ) as sending:
        result = feeds("send", READER, "--archive", folder, environ=sending)
    assert (result.returncode, result.stderr) == (0, b"latest.epub: no paper to send\n")
    assert box.mails == []


def test_what_was_sent_is_known_without_the_index_too(environ: dict[str, str], box: Postbox) -> None:
    with listening(box, environ) as sending:
        feeds("send", READER, environ=sending)
        Path(environ["FEEDS_INDEX"]).unlink()
        again = feeds("send", READER.replace("kindle", "KINDLE"), environ=sending)
    assert (again.returncode, len(box.mails)) == (0, 1)


def test_a_wider_book_is_sent_again_when_it_has_other_papers(
    environ: dict[str, str], folder: Path, box: Postbox
) -> None:
    first, second = day("2024-01-30", paper("A", "2401.1")), day("2024-01-31", paper("B", "2401.2"))
    with listening(box, environ) as sending:
        for files in ({"1.md": first}, {"1.md": first}, {"2.md": second}):
            write_files(folder, files)
            assert feeds("send", READER, "2024-W05", "--archive", folder, environ=sending).returncode == 0
    assert len(box.mails) == 2


def test_a_server_that_is_rude_in_leaving_has_taken_the_mail(environ: dict[str, str]) -> None:
    class Rude(Postbox):
        async def handle_QUIT(self, *_: Any) -> str:  # noqa: N802  # aiosmtpd's contract
            return "250 bye"

    box = Rude()
    with listening(box, environ) as sending:
        for _ in range(2):
            assert feeds("send", READER, environ=sending).returncode == 0
    assert len(box.mails) == 1
