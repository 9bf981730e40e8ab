"""The process that `preloaded` forks: it has imported everything, and waits. Started with a socket that listens.

A connection brings what to run, and the files for its outputs; it is told the id of the process that does it, and then
how that ended, where it does not let go of it.
"""

import atexit
import gc
import importlib
import json
import os
import pkgutil
import select
import signal
import socket
import sys
import threading
import time
from typing import NoReturn

import sqlalchemy.orm


def exactly(connection: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        part = connection.recv(size - len(data))
        if not part:
            raise ConnectionError("the preloaded process ended")
        data += part
    return data


def _serve(listener: socket.socket) -> None:
    """Forks for each connection, until whoever started this process has closed its standard input or is gone."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        ready, _, _ = select.select([listener, sys.stdin], [], [])
        if sys.stdin in ready:
            return
        connection, _ = listener.accept()
        if os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            listener.close()
            _attend(connection)
            os._exit(0)
        connection.close()


def _attend(connection: socket.socket) -> None:
    """Starts a process, and tells its id and then how it ended, or lets go of it."""
    size, outputs, _, _ = socket.recv_fds(connection, 4, 2)
    arguments, folder, environment, alone = json.loads(exactly(connection, int.from_bytes(size, "big")))
    here = os.getpid()
    pid = os.fork()
    if pid == 0:
        if alone:
            while os.getppid() == here:
                time.sleep(0.001)
            connection.sendall(os.getpid().to_bytes(4, "big"))
        connection.close()
        _become(arguments, folder, environment, outputs)
    if alone:
        return
    connection.sendall(pid.to_bytes(4, "big"))
    connection.sendall(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]).to_bytes(4, "big", signed=True))


def _become(arguments: list[str], folder: str, environment: dict[str, str], outputs: list[int]) -> None:
    import warm_children
    from hpo.__main__ import main

    nothing = os.open(os.devnull, os.O_RDONLY)
    for number, source in enumerate([nothing, *outputs]):
        os.dup2(source, number)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["hpo", *arguments]
    if arguments[:1] in (["run"], ["worker"]):
        workers = arguments[arguments.index("--workers") + 1] if "--workers" in arguments else "2"
        warm_children.wait_for_work(min(int(workers), 4) if workers.isdecimal() else 0)
    try:
        code = main()
    except SystemExit as end:
        code = end.code
    _end(code)


def _end(code: object) -> NoReturn:
    """Does what Python does at its end, but takes nothing down: that would copy all that was imported, to free it."""
    if isinstance(code, str):
        print(code, file=sys.stderr)
    threading._shutdown()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else bool(code))


if __name__ == "__main__":
    import hpo

    for module in pkgutil.walk_packages(hpo.__path__, "hpo."):
        importlib.import_module(module.name)
    sqlalchemy.orm.configure_mappers()
    # What was imported is no garbage: at its end, each process would look through all of it, and copy it for that.
    gc.freeze()
    with socket.socket(fileno=int(sys.argv[1])) as waiting:
        _serve(waiting)
