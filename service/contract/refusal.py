"""What stops a contract command before it has an answer."""

from __future__ import annotations

from service.errors import CommandError


class Unusable(CommandError):
    """A file cannot be read as what it should be. Status 2: the answer is neither yes nor no."""

    status = 2
