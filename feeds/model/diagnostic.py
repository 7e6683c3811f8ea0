"""What is wrong with a file: the line, what it is, and whether anything was lost."""

from enum import Enum
from typing import NamedTuple


class Severity(Enum):
    """An error lost something or changed its meaning; a warning did not."""

    ERROR = "error"
    WARNING = "warning"


class Problem(NamedTuple):
    """Something in a file that no field could take. Lines count from 1."""

    line: int
    message: str
    severity: Severity


class Problems(list[Problem]):
    """The problems of one file while it is read."""

    def error(self, line: int, message: str) -> None:
        """Report a loss."""
        self.append(Problem(line, message, Severity.ERROR))

    def warning(self, line: int, message: str) -> None:
        """Report what somebody may want to know."""
        self.append(Problem(line, message, Severity.WARNING))


def excerpt(line: str) -> str:
    """Shorten a line for a message."""
    flat = " ".join(line.split())
    return flat if len(flat) <= 60 else f"{flat[:59]}…"
