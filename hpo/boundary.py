"""The one boundary of a process: every error that reaches it becomes a message and an exit code."""

import logging
import os
import sys
from collections.abc import Callable

from hpo.errors import EXIT_FAILED, EXIT_INTERRUPTED, EXIT_USAGE, HpoError
from model.errors import ModelError
from storage.errors import StorageError

#: Characters of one message.
_LONGEST = 4_000


def exit_code_of(run: Callable[[], int]) -> int:
    """Runs what the process is there for.

    Args:
        run: Returns the exit code where nothing goes wrong.

    Returns:
        The exit code.
    """
    try:
        return run()
    except HpoError as error:
        return _fail(error, error.exit_code)
    except (ModelError, StorageError) as error:
        return _fail(error, EXIT_FAILED)
    except KeyboardInterrupt:
        _say("Interrupted.")
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # The reader of our output went away; what Python would print at exit goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_FAILED
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        _say(f"Error: {where}{error.strerror or error}")
        return EXIT_FAILED
    except Exception as error:
        if os.environ.get("HPO_DEBUG"):
            raise
        _report_bug(error)
        return EXIT_FAILED


def _fail(error: HpoError | ModelError | StorageError, code: int) -> int:
    from storage.url import redact

    label = "Usage error" if code == EXIT_USAGE else "Error"
    _say(f"{label}: {redact(error.message)}")
    if error.next_step:
        _say(f"  {redact(error.next_step)}")
    return code


def _report_bug(error: Exception) -> None:
    from storage.url import redact

    _say(f"Error: {type(error).__name__}: {redact(str(error))}")
    _say("  This is a fault in hpo. Set HPO_DEBUG=1 to see where it happened.")


def _say(text: str) -> None:
    """Prints what may quote a file or a database, which can be as long as these."""
    from hpo.terminal import say

    hidden = len(text) - _LONGEST
    say(text if hidden <= 0 else f"{text[:_LONGEST]} ... ({hidden:,} more characters)", logging.ERROR)
