"""The commands: those that run the server, and those about tenants, clients, employees, customers, keys and files.

Whatever a person can mend is one line on standard error, without a traceback.
"""

from __future__ import annotations

import os
import sys
from typing import NoReturn

from cyclopts import App, Parameter
from cyclopts.exceptions import CycloptsError

from coterie import __doc__ as about
from coterie.database.session import DatabaseError
from coterie.kit.errors import CoterieError
from coterie.settings import SettingError

EXIT_CODES = {
    0: "done",
    1: "the command failed",
    2: "wrong usage or setting",
    3: "the address can't be listened on",
    4: "the database can't be used",
    130: "interrupted",
}

app = App(
    name="coterie",
    help=f"{about}\n\nExit codes: {'; '.join(f'{code} {what}' for code, what in EXIT_CODES.items())}.",
    version="0.1.0",
    default_parameter=Parameter(negative=""),
)


class CommandError(Exception):
    """A command can't do its work: the message is for a person, `code` for a script."""

    def __init__(self, message: str, code: int = 1) -> None:
        super().__init__(message)
        self.code = code


def main() -> NoReturn:
    """Run the command line of this process."""
    try:
        from coterie.cli import (  # noqa: F401 - each adds its commands
            admin,
            catalogue,
            customers,
            describe,
            employees,
            server,
            webhooks,
        )

        app(exit_on_error=False, print_error=False)
        sys.stdout.flush()
    except CommandError as error:
        _fail(str(error), error.code)
    except (CycloptsError, SettingError) as error:
        _fail(str(error), 2)
    except DatabaseError as error:
        _fail(str(error), 4)
    except CoterieError as error:
        _fail(str(error), 1)
    except BrokenPipeError:
        # The reader of a pipe, such as head, has seen enough; nothing may be left for Python to flush at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except KeyboardInterrupt:
        sys.exit(130)
    sys.exit(0)


def _fail(message: str, code: int) -> NoReturn:
    print(f"coterie: {' '.join(message.split())}", file=sys.stderr)
    sys.exit(code)
