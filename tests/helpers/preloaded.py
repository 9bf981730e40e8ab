"""Runs `hpo` in processes that have imported everything already: forked from one that has, where others take seconds.

They are processes like any other, each with a folder, an environment, signals and an exit code of its own. The
children that workers start are forked as well (`warm_children`); what else is started is started anew as ever.
"""

import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import forked

ANSWER_WITHIN_S = 120.0
#: Of `prctl`: orphans among a process's descendants become its children.
_SET_CHILD_SUBREAPER = 36
#: What `Preloaded.run` does, with the outputs and the environment of whoever calls it.
_PROGRAM = """\
#!{python} -IS
import json, os, socket, sys
asked = json.dumps([sys.argv[1:], os.getcwd(), dict(os.environ), False]).encode()
with socket.socket(socket.AF_UNIX) as connection:
    connection.connect({place!r})
    socket.send_fds(connection, [len(asked).to_bytes(4, "big")], [1, 2])
    connection.sendall(asked)
    answer = connection.makefile("rb").read(8)
sys.exit(int.from_bytes(answer[4:], "big", signed=True))
"""


def clean_environment() -> dict[str, str]:
    """This process's, without the user's own settings."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("HPO_")}
    return clean | {"PYTHONWARNINGS": "default", "COLUMNS": "100", "NO_COLOR": "1"}


class Preloaded:
    """A process that waits to be forked; ends with this object, or with the process that made it.

    Args:
        environment: Of the waiting process: what libraries ask for when they are imported.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="hpo-preloaded-")
        self._place = f"{self._folder.name}/socket"
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(self._place)
            listener.listen()
            self._server = subprocess.Popen(
                [sys.executable, forked.__file__, str(listener.fileno())],
                env=dict(environment),
                stdin=subprocess.PIPE,
                pass_fds=[listener.fileno()],
            )

    def run(
        self, arguments: Sequence[str], folder: Path, environment: Mapping[str, str], timeout: float
    ) -> subprocess.CompletedProcess[str]:
        """Does what `subprocess.run` does, with text captured from both outputs."""
        asked = [list(arguments), str(folder), dict(environment), False]
        with (
            tempfile.TemporaryFile() as out,
            tempfile.TemporaryFile() as err,
            socket.socket(socket.AF_UNIX) as connection,
        ):
            pid = self._ask(connection, asked, [out.fileno(), err.fileno()])
            connection.settimeout(timeout)
            try:
                code = int.from_bytes(forked.exactly(connection, 4), "big", signed=True)
            except TimeoutError as error:
                os.kill(pid, signal.SIGKILL)
                raise subprocess.TimeoutExpired(list(arguments), timeout) from error
            texts = []
            for file in (out, err):
                file.seek(0)
                texts.append(file.read().decode())
        return subprocess.CompletedProcess(list(arguments), code, *texts)

    def start(self, arguments: Sequence[str], folder: Path, environment: Mapping[str, str]) -> subprocess.Popen[str]:
        """Does what `subprocess.Popen` does, with text from both outputs; the process is a child of this one."""
        return _Started(self.fork, arguments, folder, environment)

    def fork(
        self, arguments: Sequence[str], folder: Path, environment: Mapping[str, str], outputs: Sequence[int]
    ) -> int:
        """Starts a process and returns its id: it is a child of this one."""
        ctypes.CDLL(None).prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        with socket.socket(socket.AF_UNIX) as connection:
            return self._ask(connection, [list(arguments), str(folder), dict(environment), True], outputs)

    def _ask(self, connection: socket.socket, asked: object, outputs: Sequence[int]) -> int:
        """Has a process forked; returns its id."""
        told = json.dumps(asked).encode()
        connection.connect(self._place)
        socket.send_fds(connection, [len(told).to_bytes(4, "big")], outputs)
        connection.sendall(told)
        connection.settimeout(ANSWER_WITHIN_S)
        return int.from_bytes(forked.exactly(connection, 4), "big")

    def command(self, folder: Path) -> Path:
        """Writes a program `hpo` into a folder: for a shell, which finds it on its path."""
        program = folder / "hpo"
        program.write_text(_PROGRAM.format(python=sys.executable, place=self._place))
        program.chmod(0o755)
        return program

    def close(self) -> None:
        """Ends the waiting process."""
        assert self._server.stdin is not None
        self._server.stdin.close()
        self._server.wait(30)
        self._folder.cleanup()


class _Started(subprocess.Popen[str]):
    """A `Popen` whose process is forked by another that then lets go of it."""

    def __init__(
        self, fork: Callable[..., int], arguments: Sequence[str], folder: Path, environment: Mapping[str, str]
    ) -> None:
        self._fork = partial(fork, arguments, folder, environment)
        super().__init__(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def _execute_child(self, *arguments: Any) -> None:
        """In place of the standard library's own, which starts a program."""
        out, err = arguments[13], arguments[15]  # those ends of the pipes that the process has
        try:
            self.pid = self._fork([out, err])
            self._child_created = True
        finally:
            os.close(out)
            os.close(err)
