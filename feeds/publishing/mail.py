"""Mails books, for example to a Kindle, and logs what was sent to whom."""

import hashlib
import smtplib
import ssl
from contextlib import suppress
from email.message import EmailMessage
from email.utils import localtime, make_msgid
from pathlib import Path

from feeds.errors import MailError
from feeds.exporters.contract import Resource
from feeds.model.edition import Edition
from feeds.model.keys import Scope
from feeds.site.settings import MailServer
from feeds.site.validators import mail_address

_TIMEOUT = 60.0  # seconds to wait for the server
_DEFAULT_PORTS = {"starttls": 587, "tls": 465, "none": 25}


def parse_address(text: str) -> str:
    """Return an address with its domain in lower case. Raises MailError if it is invalid."""
    try:
        user, _, domain = mail_address(text).rpartition("@")
    except ValueError as error:
        raise MailError(f"{text!r} is not a mail address; write it as name@example.org") from error
    return f"{user}@{domain.lower()}"


def require_settings(server: MailServer) -> None:
    """Raise MailError if settings that sending needs are missing."""
    if not server.smtp_host or not (server.mail_from or server.smtp_user):
        missing = "mail_from" if server.smtp_host else "smtp_host"
        hint = "set smtp_host and mail_from in feeds.toml, or FEEDS_SMTP_HOST and FEEDS_MAIL_FROM"
        raise MailError(f"{missing}: not set, but needed to send mail; {hint}")


def build_message(server: MailServer, address: str, title: str, book: Resource, document: bytes) -> EmailMessage:
    """Return a mail with a book attached."""
    message = EmailMessage()
    message["From"] = server.mail_from or server.smtp_user
    message["To"] = address
    message["Subject"] = title
    message["Date"] = localtime()
    message["Message-ID"] = make_msgid(domain=message["From"].rpartition("@")[2] or None)
    message.set_content(f"{title}\n", cte="base64")  # not every server accepts 8-bit text
    main_type, _, subtype = book.format.media_type.partition(";")[0].partition("/")
    message.add_attachment(document, maintype=main_type, subtype=subtype, filename=book.ascii_file_name)
    return message


def send(server: MailServer, message: EmailMessage) -> None:
    """Send a mail. Raises MailError, which names the server, if it is not accepted."""
    require_settings(server)
    port = server.smtp_port or _DEFAULT_PORTS[server.smtp_security]
    location = f"{server.smtp_host}:{port}"
    try:
        session = _connect(server, port)
        try:
            if server.smtp_user:
                session.login(server.smtp_user, server.smtp_password)
            session.send_message(message)
        finally:
            with suppress(smtplib.SMTPException, OSError):  # by now the mail is accepted or refused
                session.quit()
    except smtplib.SMTPResponseException as error:
        raise MailError(f"{location}: {error.smtp_code} {_single_line(error.smtp_error)}") from error
    except smtplib.SMTPRecipientsRefused as error:
        (code, reply), *_ = error.recipients.values()
        raise MailError(f"{location}: {code} {_single_line(reply)}") from error
    except smtplib.SMTPException as error:
        raise MailError(f"{location}: {_single_line(str(error))}") from error
    except OSError as error:
        hint = "check smtp_host, smtp_port and smtp_security"
        raise MailError(f"{location}: {error.strerror or error}; {hint}") from error
    except ValueError as error:  # an address that needs SMTPUTF8
        raise MailError(f"{location}: {error}") from error


def _connect(server: MailServer, port: int) -> smtplib.SMTP:
    """Connect; never without TLS if the settings ask for it."""
    context = ssl.create_default_context()
    if server.smtp_security == "tls":
        return smtplib.SMTP_SSL(server.smtp_host, port, timeout=_TIMEOUT, context=context)
    session = smtplib.SMTP(server.smtp_host, port, timeout=_TIMEOUT)
    try:
        if server.smtp_security == "starttls":
            session.starttls(context=context)
    except BaseException:
        session.close()
        raise
    return session


def _single_line(text: bytes | str) -> str:
    return " ".join((text.decode(errors="replace") if isinstance(text, bytes) else text).split())


class DeliveryLog:
    """Records which book was sent to which address, a line each, in a file that survives the index."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def contains(self, address: str, book: Resource, edition: Edition) -> bool:
        """Return True if a book was sent to an address: the same day, or a larger edition with the same papers."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("a+", encoding="utf-8", errors="replace") as file:  # fails if it is not writable
                file.seek(0)
                lines = file.read().splitlines()
        except OSError as error:
            raise MailError(f"{self._path}: cannot record what is sent: {error.strerror}") from error
        return _log_entry(address, book, edition) in lines

    def add(self, address: str, book: Resource, edition: Edition) -> None:
        """Record that a book was sent to an address."""
        try:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(f"\n{_log_entry(address, book, edition)}\n")  # the previous line may be incomplete
        except OSError as error:
            raise MailError(f"{self._path}: the mail was sent but not recorded: {error.strerror}") from error


def _log_entry(address: str, book: Resource, edition: Edition) -> str:
    papers = "" if edition.key.scope is Scope.DAY else "".join(f"{paper.slug}\n" for paper in edition.papers)
    digest = f" {hashlib.sha256(papers.encode()).hexdigest()[:16]}" if papers else ""
    return f"{address} {book.path}{digest}"
