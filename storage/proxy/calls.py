"""The calls of `storage.trials.ledger` over gRPC, beside Optuna's own service on the same port.

Optuna's service knows single reads and writes, and a claim made of these is many calls and no transaction. Arguments
and answers go as JSON; their types are those that `TrialLedger` states.
"""

import json
from collections.abc import Callable
from dataclasses import asdict
from functools import cache
from typing import Any, get_type_hints

import grpc
from pydantic import TypeAdapter, validate_call

from storage.errors import StorageError
from storage.proxy.limits import read_json
from storage.trials.forwarding import VERBS, forwarding_ledger
from storage.trials.ledger import TrialLedger

#: The number goes up whenever a call's arguments or answer take another form, so that a client of another version is
#: told so by the first call that it makes, and not by the failure of some later one.
SERVICE = "hpo.Leases.8"


@cache
def _answers(verb: str) -> TypeAdapter[Any]:
    return TypeAdapter(get_type_hints(getattr(TrialLedger, verb))["return"])


def service(ledger: TrialLedger) -> grpc.GenericRpcHandler:
    """Returns what the proxy's server answers with."""
    handlers = {
        verb: grpc.unary_unary_rpc_method_handler(
            _serving(getattr(ledger, verb)),
            request_deserializer=read_json,
            response_serializer=_answers(verb).dump_json,
        )
        for verb in VERBS
    }
    return grpc.method_handlers_generic_handler(SERVICE, handlers)


def _serving(verb: Callable[..., Any]) -> Callable[[dict[str, Any], grpc.ServicerContext], Any]:
    checked = validate_call(verb)

    def serve(arguments: dict[str, Any], context: grpc.ServicerContext) -> Any:
        try:
            return checked(**arguments)
        except KeyError as error:
            context.abort(grpc.StatusCode.NOT_FOUND, str(error))

    return serve


def ledger_behind(channel: grpc.Channel) -> TrialLedger:
    """Makes the ledger of a client: each verb is a call of the proxy.

    Each verb raises what `TrialLedger` says, and StorageError where what answers is a proxy of Optuna's own or of
    another version.
    """
    stubs = {verb: channel.unary_unary(f"/{SERVICE}/{verb}", request_serializer=_written) for verb in VERBS}

    def send(verb: str, arguments: dict[str, Any]) -> Any:
        try:
            # Read here and not by grpc, which takes a None for a failure.
            return _answers(verb).validate_json(stubs[verb](arguments))
        except grpc.RpcError as error:
            code = error.code() if isinstance(error, grpc.Call) else None
            if code == grpc.StatusCode.NOT_FOUND:
                raise KeyError(error.details()) from error
            if code == grpc.StatusCode.UNIMPLEMENTED:
                raise _not_ours() from error
            raise

    return forwarding_ledger(send)


def _written(arguments: dict[str, Any]) -> bytes:
    return json.dumps(arguments, default=asdict).encode()


def _not_ours() -> StorageError:
    return StorageError(
        "The proxy knows no leases: it is Optuna's own, or that of another version of hpo.",
        "Start `hpo proxy` and the workers from one version of hpo.",
    )
