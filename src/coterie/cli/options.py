"""The options that several commands share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from cyclopts import Parameter

from coterie.settings import Settings, from_environment


@Parameter(name="*")
@dataclass(frozen=True)
class Where:
    """Which database a command works on."""

    database: Annotated[
        str | None, Parameter(help="Database URL: sqlite:///PATH or postgresql://HOST/NAME.")
    ] = None
    data_dir: Annotated[str | None, Parameter(help="Folder of the embedded database and the secret key.")] = (
        None
    )

    def settings(self, **overrides: object) -> Settings:
        """The environment's settings with these options on top. Raises SettingError."""
        return from_environment(database=self.database, data_dir=self.data_dir, **overrides)


Json = Annotated[bool, Parameter(name="--json", show_default=False, help="Print JSON for a script.")]
