"""What is wrong in a digest file: the line, a message, and whether anything was lost."""

from dataclasses import dataclass
from enum import Enum


class Severity(Enum):
    """An error lost something or changed its meaning; a warning did not."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """Something wrong in a file. Lines count from 1."""

    line: int
    message: str
    severity: Severity
