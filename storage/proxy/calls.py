"""The calls of `storage.trials.ledger` over gRPC, beside Optuna's own service on the same port.

Optuna's service knows single reads and writes, and a claim made of these is many calls and no transaction. Arguments
and answers go as JSON; their types are those that `TrialLedger` states.
"""

import json
from collections.abc import Callable
from functools import cache
from typing import Any, get_type_hints

import grpc
from pydantic import TypeAdapter, validate_call

from storage.errors import StorageError
from storage.trials.ledger import TrialLedger

#: The number goes up whenever a call's arguments or answer take another form, so that a client of another version is
#: told so by the first call that it makes, and not by the failure of some later one.
_SERVICE = "hpo.Leases.2"
_NAMES = [name for name, member in vars(TrialLedger).items() if getattr(member, "__isabstractmethod__", False)]


@cache
def _answers(name: str) -> TypeAdapter[Any]:
    return TypeAdapter(get_type_hints(getattr(TrialLedger, name))["return"])


def service(storage: TrialLedger) -> grpc.GenericRpcHandler:
    """What the proxy's server answers."""
    handlers = {
        name: grpc.unary_unary_rpc_method_handler(
            _serving(getattr(storage, name)),
            request_deserializer=json.loads,
            response_serializer=_answers(name).dump_json,
        )
        for name in _NAMES
    }
    return grpc.method_handlers_generic_handler(_SERVICE, handlers)


def _serving(method: Callable[..., Any]) -> Callable[[dict[str, Any], grpc.ServicerContext], Any]:
    checked = validate_call(method)

    def serve(arguments: dict[str, Any], context: grpc.ServicerContext) -> Any:
        try:
            return checked(**arguments)
        except KeyError as error:
            context.abort(grpc.StatusCode.NOT_FOUND, str(error))

    return serve


class LeaseCalls:
    """What a client asks: `calls("claim_trial", study_id=1, ...)`."""

    def __init__(self, channel: grpc.Channel) -> None:
        self._stubs = {
            name: channel.unary_unary(
                f"/{_SERVICE}/{name}",
                request_serializer=lambda arguments: json.dumps(arguments).encode(),
            )
            for name in _NAMES
        }

    def __call__(self, name: str, **arguments: Any) -> Any:
        """Calls a method of the storage behind the proxy.

        Raises:
            KeyError: As the method.
            StorageError: What answers is a proxy of Optuna's own, or of another version.
        """
        try:
            # Read here and not by grpc, which takes a None for a failure.
            return _answers(name).validate_json(self._stubs[name](arguments))
        except grpc.RpcError as error:
            code = error.code() if isinstance(error, grpc.Call) else None
            if code == grpc.StatusCode.NOT_FOUND:
                raise KeyError(error.details()) from error
            if code == grpc.StatusCode.UNIMPLEMENTED:
                raise StorageError(
                    "The proxy knows no leases: it is Optuna's own, or that of another version of hpo.",
                    "Start `hpo proxy` and the workers from one version of hpo.",
                ) from error
            raise
