"""Mailing books: `feeds send` with an SMTP server on 127.0.0.1."""

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

from feeds.exporters.contract import Resource
from feeds.publishing.publisher import Publisher
from tests.support.digests import day, paper, write_files
from tests.support.servers import free_port, run_feeds

pytestmark = pytest.mark.external

SENDER = {"FEEDS_SMTP_HOST": "127.0.0.1", "FEEDS_MAIL_FROM": "papers@e.org", "FEEDS_SMTP_SECURITY": "none"}
READER = "reader@kindle.example"


class Mailbox:
    """A handler of aiosmtpd that keeps the mails, or refuses them with a reply."""

    def __init__(self, refusal: str = "") -> None:
        self.mails: list[EmailMessage] = []
        self.envelopes: list[tuple[str, list[str]]] = []
        self._refusal = refusal

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802  # named by aiosmtpd
        if self._refusal:
            return self._refusal
        self.envelopes.append((envelope.mail_from, envelope.rcpt_tos))
        mail = BytesParser(policy=default).parsebytes(envelope.content)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        return "250 OK"


@contextmanager
def run_smtp_server(mailbox: Mailbox, environ: dict[str, str], **options: Any) -> Iterator[dict[str, str]]:
    """Run an SMTP server, and yield the environment of a command that sends to it."""
    port = free_port()
    controller = Controller(mailbox, hostname="127.0.0.1", port=port, **options)
    controller.start()
    try:
        yield environ | SENDER | {"FEEDS_SMTP_PORT": str(port)}
    finally:
        controller.stop()


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


def test_newest_day_is_sent_as_an_attachment(environ: dict[str, str], mailbox: Mailbox) -> None:
    with run_smtp_server(mailbox, environ) as sender:
        result = run_feeds("send", READER, environ=sender)
    assert (result.returncode, result.stderr) == (0, f"sent daily-papers-2024-03-20.epub to {READER}\n".encode())
    assert mailbox.envelopes == [("papers@e.org", [READER])]
    (mail,) = mailbox.mails
    assert (mail["From"], mail["To"]) == ("papers@e.org", READER)
    assert mail["Subject"] == "Daily Papers — 2024년 3월 20일"
    assert mail["Date"].datetime.tzinfo
    assert mail["Message-ID"].endswith("@e.org>")
    (book,) = mail.iter_attachments()
    assert (book.get_filename(), book.get_content_type()) == ("daily-papers-2024-03-20.epub", "application/epub+zip")
    exported = run_feeds("export", "epub", "2024-03-20", environ=environ)
    assert book.get_content() == exported.stdout


def test_key_or_search_options_select_the_book(environ: dict[str, str], seeds: Publisher, mailbox: Mailbox) -> None:
    book_of_search = seeds.find("search.epub", [("q", "확산")])
    assert isinstance(book_of_search, Resource)
    assert re.fullmatch(r"daily-papers-search-[0-9a-f]{8}\.epub", book_of_search.file_name)
    with run_smtp_server(mailbox, environ) as sender:
        assert run_feeds("send", READER, "2024-W05", environ=sender).returncode == 0
        assert run_feeds("send", READER, "--q", "확산", environ=sender).returncode == 0
    names = [attachment.get_filename() for mail in mailbox.mails for attachment in mail.iter_attachments()]
    assert names == ["daily-papers-2024-W05.epub", book_of_search.file_name]
    assert mailbox.mails[1]["Subject"] == "Daily Papers — 검색: 확산"


def test_series_sends_its_newest_complete_book_once(environ: dict[str, str], mailbox: Mailbox) -> None:
    with run_smtp_server(mailbox, environ) as sender:
        for key in ("top-weekly", "top-weekly", "monthly"):
            assert run_feeds("send", READER, key, environ=sender).returncode == 0
    names = [attachment.get_filename() for mail in mailbox.mails for attachment in mail.iter_attachments()]
    assert names == ["daily-papers-top-2024-W05.epub", "daily-papers-2024-01.epub"]


def test_series_without_a_complete_book_sends_nothing(folder: Path, environ: dict[str, str], mailbox: Mailbox) -> None:
    write_files(folder, {"1.md": day("2024-01-30", paper("A", "2401.1"))})
    with run_smtp_server(mailbox, environ) as sender:
        result = run_feeds("send", READER, "top-weekly", "--archive", str(folder), environ=sender)
    assert result.returncode == 1
    assert b"top-weekly: no week with papers is complete" in result.stderr
    assert mailbox.mails == []


def test_book_is_sent_to_an_address_once(environ: dict[str, str], mailbox: Mailbox) -> None:
    with run_smtp_server(mailbox, environ) as sender:
        for _ in range(2):
            again = run_feeds("send", READER, environ=sender)
        assert (again.returncode, len(mailbox.mails)) == (0, 1)
        assert b": already sent to reader@kindle.example; use --force" in again.stderr
        run_feeds("send", "another@kindle.example", environ=sender)
        run_feeds("send", READER, "2024-01-30", environ=sender)
        run_feeds("send", READER, "--force", environ=sender)
    assert len(mailbox.mails) == 4


def test_refused_mail_is_an_error_and_sent_the_next_time(environ: dict[str, str], mailbox: Mailbox) -> None:
    with run_smtp_server(Mailbox("552 too large"), environ) as sender:
        refused = run_feeds("send", READER, environ=sender)
    assert refused.returncode == 1
    assert refused.stderr.decode().endswith(": 552 too large\n")
    assert refused.stderr.count(b"\n") == 1
    with run_smtp_server(mailbox, environ) as sender:
        assert run_feeds("send", READER, environ=sender).returncode == 0
    assert len(mailbox.mails) == 1


def test_unknown_recipient_is_an_error(environ: dict[str, str]) -> None:
    class UnknownRecipient(Mailbox):
        async def handle_RCPT(self, *_: Any) -> str:  # noqa: N802  # named by aiosmtpd
            return "550 no such user"

    with run_smtp_server(UnknownRecipient(), environ) as sender:
        result = run_feeds("send", READER, environ=sender)
    assert result.returncode == 1
    assert b"550 no such user" in result.stderr


def test_unreachable_server_is_named_by_the_error(environ: dict[str, str]) -> None:
    port = str(free_port())
    result = run_feeds("send", READER, environ=environ | SENDER | {"FEEDS_SMTP_PORT": port})
    assert result.returncode == 1
    assert f"127.0.0.1:{port}: Connection refused; check smtp_host, smtp_port" in result.stderr.decode()


def test_missing_settings_are_named_by_the_error(environ: dict[str, str]) -> None:
    result = run_feeds("send", READER, environ=environ)
    assert result.returncode == 1
    assert result.stderr.startswith(b"feeds: smtp_host: not set, but needed to send mail; set smtp_host and mail_from")


@pytest.mark.parametrize("address", ["nobody", "a@b\nBcc: c@d", "", "a b@c", "@", "a@", "<a@b>"])
def test_invalid_address_is_an_error(environ: dict[str, str], address: str) -> None:
    result = run_feeds("send", address, environ=environ | SENDER)
    assert result.returncode == 1
    assert b"is not a mail address" in result.stderr
    assert b"Traceback" not in result.stderr


def test_missing_starttls_support_is_an_error(environ: dict[str, str], mailbox: Mailbox) -> None:
    with run_smtp_server(mailbox, environ) as sender:
        result = run_feeds("send", READER, environ=sender | {"FEEDS_SMTP_SECURITY": "starttls"})
    assert result.returncode == 1
    assert b"STARTTLS" in result.stderr
    assert mailbox.mails == []


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of 127.0.0.1 with its key, in one file."""
    path = tmp_path_factory.mktemp("tls") / "pair.pem"
    command = (
        "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1"
    )
    subprocess.run([*command.split(), "-keyout", path, "-out", f"{path}.crt"], capture_output=True, check=True)
    path.write_bytes(path.read_bytes() + Path(f"{path}.crt").read_bytes())
    return path


def authenticate(_server: SMTP, _session: Any, _envelope: Any, _mechanism: str, data: LoginPassword) -> AuthResult:
    is_valid = (data.login, data.password) == (b"papers", b"pass %: word")
    return AuthResult(success=is_valid, handled=False)  # aiosmtpd sends the reply


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
@pytest.mark.parametrize("security", ["starttls", "tls"])
@pytest.mark.parametrize(("password", "status"), [("pass %: word", 0), ("wrong", 1)])
def test_tls_and_password_are_verified(
    environ: dict[str, str], mailbox: Mailbox, certificate: Path, security: str, password: str, status: int
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    options: dict[str, Any] = {"authenticator": authenticate, "auth_required": True}
    options |= {"ssl_context": context} if security == "tls" else {"tls_context": context, "require_starttls": True}
    if security == "tls":
        options["auth_require_tls"] = False  # aiosmtpd ignores TLS that began with the connection
    with run_smtp_server(mailbox, environ, **options) as sender:
        login = {"FEEDS_SMTP_USER": "papers", "FEEDS_SMTP_PASSWORD": password, "FEEDS_SMTP_SECURITY": security}
        trusting = sender | login | {"SSL_CERT_FILE": f"{certificate}.crt"}
        result = run_feeds("send", READER, environ=trusting)
        assert (result.returncode, len(mailbox.mails)) == (status, 1 - status), result.stderr
        assert status == 0 or b"535" in result.stderr
        untrusting = run_feeds("send", "other@e.org", environ=sender | login)
        assert untrusting.returncode == 1
        assert b"certificate" in untrusting.stderr


def test_newest_day_without_papers_is_skipped(environ: dict[str, str], folder: Path, mailbox: Mailbox) -> None:
    write_files(folder, {"1.md": day("2024-01-30", paper("A", "2401.1")), "2.md": day("2024-01-31")})
    with run_smtp_server(mailbox, environ) as sender:
        assert run_feeds("send", READER, "--archive", folder, environ=sender).returncode == 0
    assert [attachment.get_filename() for attachment in mailbox.mails[0].iter_attachments()] == [
        "daily-papers-2024-01-30.epub"
    ]


def test_empty_book_is_not_sent_and_not_an_error(environ: dict[str, str], folder: Path, mailbox: Mailbox) -> None:
    write_files(folder, {"1.md": day("2024-01-30")})
    with run_smtp_server(mailbox, environ) as sender:
        result = run_feeds("send", READER, "--archive", folder, environ=sender)
    assert (result.returncode, result.stderr) == (0, b"feeds: latest.epub: there is no paper to send\n")
    assert mailbox.mails == []


def test_delivery_log_survives_the_index(environ: dict[str, str], mailbox: Mailbox) -> None:
    with run_smtp_server(mailbox, environ) as sender:
        run_feeds("send", READER, environ=sender)
        Path(environ["FEEDS_INDEX"]).unlink()
        again = run_feeds("send", READER.replace("kindle", "KINDLE"), environ=sender)
    assert (again.returncode, len(mailbox.mails)) == (0, 1)


def test_larger_book_is_sent_again_with_other_papers(environ: dict[str, str], folder: Path, mailbox: Mailbox) -> None:
    first, second = day("2024-01-30", paper("A", "2401.1")), day("2024-01-31", paper("B", "2401.2"))
    with run_smtp_server(mailbox, environ) as sender:
        for files in ({"1.md": first}, {"1.md": first}, {"2.md": second}):
            write_files(folder, files)
            assert run_feeds("send", READER, "2024-W05", "--archive", folder, environ=sender).returncode == 0
    assert len(mailbox.mails) == 2


def test_wrong_reply_to_quit_is_ignored(environ: dict[str, str]) -> None:
    class ImpoliteQuit(Mailbox):
        async def handle_QUIT(self, *_: Any) -> str:  # noqa: N802  # named by aiosmtpd
            return "250 bye"

    mailbox = ImpoliteQuit()
    with run_smtp_server(mailbox, environ) as sender:
        for _ in range(2):
            assert run_feeds("send", READER, environ=sender).returncode == 0
    assert len(mailbox.mails) == 1
