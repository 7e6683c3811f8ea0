"""Mails a book, to a reading device for one."""

import smtplib
import ssl
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import localtime, make_msgid

from feeds.archive import Archive
from feeds.errors import MailError
from feeds.settings import MailServer
from feeds.site import Publication

_TIMEOUT = 60.0  # seconds that the server may take to answer
_PORTS = {"starttls": 587, "tls": 465, "none": 25}


def read_address(written: str) -> str:
    """Read an address to send to. Raises MailError for what is none."""
    try:
        return Address(addr_spec=written.strip()).addr_spec
    except (ValueError, IndexError, HeaderParseError) as error:
        raise MailError(f"{written!r} is no mail address") from error


def message(server: MailServer, address: str, title: str, publication: Publication, document: bytes) -> EmailMessage:
    """Write a mail with a publication attached."""
    mail = EmailMessage()
    mail["From"] = server.mail_from or server.smtp_user
    mail["To"] = address
    mail["Subject"] = title
    mail["Date"] = localtime()
    mail["Message-ID"] = make_msgid(domain=mail["From"].rpartition("@")[2] or None)
    mail.set_content(f"{title}\n")
    main, _, sub = publication.format.media_type.partition(";")[0].partition("/")
    mail.add_attachment(document, maintype=main, subtype=sub, filename=publication.file_name)
    return mail


def send(server: MailServer, mail: EmailMessage) -> None:
    """Hand a mail in. Raises MailError, naming the server, where it does not take it."""
    if not server.smtp_host or not (server.mail_from or server.smtp_user):
        raise MailError("mail needs the settings smtp_host and mail_from; the README lists them")
    port = server.smtp_port or _PORTS[server.smtp_security]
    where = f"{server.smtp_host}:{port}"
    try:
        with _session(server, port) as session:
            if server.smtp_user:
                session.login(server.smtp_user, server.smtp_password)
            session.send_message(mail)
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


def was_sent(archive: Archive, address: str, publication: Publication) -> bool:
    """Whether a publication was sent to an address before, as far as the index remembers."""
    statement = "SELECT 1 FROM sent WHERE address = ? AND publication = ?"
    row = (address, publication.path)
    return archive.remember(lambda connection: connection.execute(statement, row).fetchone()) is not None


def note_sent(archive: Archive, address: str, publication: Publication) -> None:
    """Remember that a publication was sent to an address."""
    row = (address, publication.path)
    archive.remember(lambda connection: connection.execute("INSERT OR IGNORE INTO sent VALUES (?, ?)", row))
