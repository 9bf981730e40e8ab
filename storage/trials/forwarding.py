"""A ledger that passes its verbs on: over the wire, or to the same ledger once more after a failure.

Whoever passes a verb on needs its name and its arguments and no more. So the verbs are not spelled out again: they are
read off `TrialLedger`, and none can be forgotten.
"""

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any

from storage.trials.ledger import TrialLedger

#: Does a verb, given its name and its arguments by name; returns or raises what the verb is declared to.
Send = Callable[[str, dict[str, Any]], Any]

#: The names of the ledger's verbs.
VERBS = tuple(name for name in vars(TrialLedger) if name in TrialLedger.__abstractmethods__)


def forwarding_ledger(send: Send) -> TrialLedger:
    """Makes a ledger that has its verbs done elsewhere."""
    ledger: TrialLedger = _Forwarding(send)
    return ledger


class _Sender(TrialLedger):
    def __init__(self, send: Send) -> None:
        self.send = send


def _forwarded(verb: str) -> Callable[..., Any]:
    declared = getattr(TrialLedger, verb)
    signature = inspect.signature(declared)

    @wraps(declared)
    def forward(self: _Sender, *arguments: Any, **named: Any) -> Any:
        bound = signature.bind(self, *arguments, **named).arguments
        return self.send(verb, {name: value for name, value in bound.items() if name != "self"})

    forward.__isabstractmethod__ = False  # type: ignore[attr-defined]  # which `wraps` has copied
    return forward


_Forwarding = type("_Forwarding", (_Sender,), {verb: _forwarded(verb) for verb in VERBS})
