"""The entry point of the command line."""

import sys
from collections.abc import Sequence

from hpo.boundary import exit_code_of


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line and returns its exit code.

    Args:
        arguments: Without the program's name; the process's own by default.
    """
    from hpo.cli import app

    return exit_code_of(lambda: app.run(list(sys.argv[1:] if arguments is None else arguments)))


if __name__ == "__main__":
    sys.exit(main())
