"""Mails a book, to a reading device for one."""

import hashlib
import smtplib
import ssl
from contextlib import suppress
from email.message import EmailMessage
from email.utils import localtime, make_msgid
from pathlib import Path

from feeds.archive.edition import Edition
from feeds.errors import MailError
from feeds.model.key import Scope
from feeds.site.settings import MailServer
from feeds.site.site import Publication
from feeds.site.validators import mail_address

_TIMEOUT = 60.0  # seconds that the server may take to answer
_PORTS = {"starttls": 587, "tls": 465, "none": 25}


def read_address(written: str) -> str:
    """Read an address to send to. Raises MailError for what is none."""
    try:
        user, _, domain = mail_address(written).rpartition("@")
    except ValueError as error:
        raise MailError(f"{written!r} is no mail address") from error
    return f"{user}@{domain.lower()}"


def require(server: MailServer) -> None:
    """Raise MailError where settings that mail needs are missing."""
    if not server.smtp_host or not (server.mail_from or server.smtp_user):
        raise MailError("mail needs the settings smtp_host and mail_from; the README lists them")


def message(server: MailServer, address: str, title: str, publication: Publication, document: bytes) -> EmailMessage:
    """Write a mail with a publication attached."""
    mail = EmailMessage()
    mail["From"] = server.mail_from or server.smtp_user
    mail["To"] = address
    mail["Subject"] = title
    mail["Date"] = localtime()
    mail["Message-ID"] = make_msgid(domain=mail["From"].rpartition("@")[2] or None)
    mail.set_content(f"{title}\n", cte="base64")  # not every server takes 8 bits
    main, _, sub = publication.media_type.partition(";")[0].partition("/")
    mail.add_attachment(document, maintype=main, subtype=sub, filename=publication.file_name)
    return mail


def send(server: MailServer, mail: EmailMessage) -> None:
    """Hand a mail in. Raises MailError, naming the server, where it does not take it."""
    require(server)
    port = server.smtp_port or _PORTS[server.smtp_security]
    where = f"{server.smtp_host}:{port}"
    try:
        session = _session(server, port)
        try:
            if server.smtp_user:
                session.login(server.smtp_user, server.smtp_password)
            session.send_message(mail)
        finally:
            with suppress(smtplib.SMTPException, OSError):  # it has taken the mail, or said why not
                session.quit()
    except smtplib.SMTPResponseException as error:
        raise MailError(f"{where}: {error.smtp_code} {_line(error.smtp_error)}") from error
    except smtplib.SMTPRecipientsRefused as error:
        (code, said), *_ = error.recipients.values()
        raise MailError(f"{where}: {code} {_line(said)}") from error
    except (smtplib.SMTPException, OSError, ValueError) as error:  # ValueError: of addresses that only SMTPUTF8 can say
        raise MailError(f"{where}: {error}") from error


def _session(server: MailServer, port: int) -> smtplib.SMTP:
    """Connect; where the security asks for TLS, never without it."""
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


def _line(said: bytes | str) -> str:
    return " ".join((said.decode(errors="replace") if isinstance(said, bytes) else said).split())


class Sent:
    """What was sent to whom: a line each in a file, which outlives the index."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def has(self, address: str, publication: Publication, edition: Edition) -> bool:
        """Whether a book was sent to an address before: a day, or a wider edition with these very papers."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("a+", encoding="utf-8", errors="replace") as file:  # may it be written to?
                file.seek(0)
                lines = file.read().splitlines()
        except OSError as error:
            raise MailError(f"{self._path}: cannot note what is sent: {error.strerror}") from error
        return _line_of(address, publication, edition) in lines

    def note(self, address: str, publication: Publication, edition: Edition) -> None:
        """Note that a book was sent."""
        try:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(f"\n{_line_of(address, publication, edition)}\n")  # the line before may be cut short
        except OSError as error:
            raise MailError(f"sent, but {self._path} cannot note it: {error.strerror}") from error


def _line_of(address: str, publication: Publication, edition: Edition) -> str:
    papers = "" if edition.key.scope is Scope.DAY else "".join(f"{paper.slug}\n" for paper in edition.papers)
    which = f" {hashlib.sha256(papers.encode()).hexdigest()[:16]}" if papers else ""
    return f"{address} {publication.path}{which}"
