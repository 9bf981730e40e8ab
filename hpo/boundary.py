"""The one boundary of a process: every error that reaches it becomes a message and an exit code."""

import os
import sys
from collections.abc import Callable

from hpo.errors import EXIT_FAILED, EXIT_INTERRUPTED, EXIT_USAGE, HpoError
from model.errors import ModelError
from storage.errors import StorageError


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
        print("Interrupted.", file=sys.stderr)
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # The reader of our output went away; what Python would print at exit goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_FAILED
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        print(f"Error: {where}{error.strerror or error}", file=sys.stderr)
        return EXIT_FAILED
    except Exception as error:
        if os.environ.get("HPO_DEBUG"):
            raise
        _report_bug(error)
        return EXIT_FAILED


def _fail(error: HpoError | ModelError | StorageError, code: int) -> int:
    from storage.url import redact

    label = "Usage error" if code == EXIT_USAGE else "Error"
    print(f"{label}: {redact(error.message)}", file=sys.stderr)
    if error.next_step:
        print(f"  {redact(error.next_step)}", file=sys.stderr)
    return code


def _report_bug(error: Exception) -> None:
    from storage.url import redact

    print(f"Error: {type(error).__name__}: {redact(str(error))}", file=sys.stderr)
    print("  This is a fault in hpo. Set HPO_DEBUG=1 to see where it happened.", file=sys.stderr)
