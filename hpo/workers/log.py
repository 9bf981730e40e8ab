"""The log of a worker's processes: of the parent and its children alike."""

from hpo.choices import LogFormat
from hpo.logs import log_to_stderr
from hpo.terminal import say_through_log


def begin_log(form: LogFormat, **about: str) -> None:
    """Sets the log of this process up; as JSON, it takes all that is said too.

    Args:
        form: Of its lines.
        about: What all of its events are about.
    """
    log_to_stderr("info", form, **about)
    if form == "json":
        say_through_log()
