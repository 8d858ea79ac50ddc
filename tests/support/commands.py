"""The command line as a person has it: `coterie` in a process of its own."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

COTERIE = Path(sys.executable).with_name("coterie")


class Background:
    """A command that goes on until it is stopped; `url` is where it listens, if it does."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        assert process.stdout is not None
        self.first = process.stdout.readline()
        self.url = "".join(re.findall(r"http://\S+", self.first))

    def stop(self, number: signal.Signals = signal.SIGTERM) -> tuple[int, str]:
        """Its exit code and standard error."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        _, errors = self.process.communicate(timeout=30)
        return self.process.returncode, errors


Run = Callable[..., "subprocess.CompletedProcess[str]"]
Start = Callable[..., Background]
