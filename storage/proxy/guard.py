"""What stands before every call of the proxy: the caller's token, the limits, and what a caller is told of an error.

Requests are decoded here, in the thread of their call; grpc would do that in the one thread that serves all. A caller
learns what went wrong and no SQL: neither statement nor values of others.
"""

import logging
import threading
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import grpc
from google.protobuf.message import DecodeError, Message
from optuna.exceptions import StorageInternalError
from pydantic import ValidationError
from sqlalchemy import exc

from storage.errors import StorageError, StorageForbiddenError, StorageUnavailableError
from storage.proxy.access import Token, shows_a_token
from storage.proxy.limits import check_message
from storage.retry import first_line, is_forbidden

log = logging.getLogger(__name__)

#: All trials of a study, read and written out at once: more at the same time would take memory and no less time.
_LARGE = "/GetTrials"
_LARGE_AT_ONCE = 4
_LONGEST = 500


class Guard(grpc.ServerInterceptor):  # type: ignore[misc]  # grpc has no types
    """Lets in calls that show the token and keep the limits.

    Args:
        token: What calls must show; None where everyone may call.
    """

    def __init__(self, token: Token | None) -> None:
        self._token = token
        self._large = threading.BoundedSemaphore(_LARGE_AT_ONCE)
        self._lock = threading.Lock()
        self._at_work = 0

    @property
    def at_work(self) -> int:
        """Calls that are being done now, whether or not their callers still wait."""
        with self._lock:
            return self._at_work

    def intercept_service(self, continuation: Callable[[Any], Any], details: Any) -> Any:
        """Returns what answers a call (grpc's name and arguments)."""
        if self._token is not None and not self._token.is_shown_in(details.invocation_metadata):
            return _refusal(shows_a_token(details.invocation_metadata))
        handler = continuation(details)
        if handler is None or handler.unary_unary is None:
            return handler
        turn = self._large if details.method.endswith(_LARGE) else nullcontext()
        return grpc.unary_unary_rpc_method_handler(
            self._guarded(handler, details.method, turn), response_serializer=handler.response_serializer
        )

    def _guarded(self, handler: Any, method: str, turn: Any) -> Callable[[bytes, grpc.ServicerContext], Any]:
        def serve(data: bytes, context: grpc.ServicerContext) -> Any:
            self._count(1)
            try:
                with turn:
                    return handler.unary_unary(_decoded(handler.request_deserializer, data), context)
            except Exception as error:
                if context.code() is not None:  # ended with words for the caller already
                    raise
                code, told = _told(error)
                log.warning("%s: %s: %s", method, type(error).__name__, first_line(error))
                context.abort(code, told)
            finally:
                self._count(-1)

        return serve

    def _count(self, change: int) -> None:
        with self._lock:
            self._at_work += change


def _refusal(shown: bool) -> Any:
    words = "the token is another than the proxy's" if shown else "the proxy asks for a token"

    def refuse(_: Any, context: grpc.ServicerContext) -> None:
        context.abort(grpc.StatusCode.UNAUTHENTICATED, words)

    # As a stream, so that no byte of the request is waited for or read.
    return grpc.stream_unary_rpc_method_handler(refuse)


def _decoded(deserializer: Callable[[bytes], Any], data: bytes) -> Any:
    request = deserializer(data)
    if isinstance(request, Message):
        check_message(request)
    return request


def _told(error: Exception) -> tuple[grpc.StatusCode, str]:
    if isinstance(error, StorageUnavailableError):
        return grpc.StatusCode.UNAVAILABLE, error.message
    if isinstance(error, StorageForbiddenError):
        return grpc.StatusCode.PERMISSION_DENIED, _short(error.message)
    if isinstance(error, exc.SQLAlchemyError | StorageInternalError):
        code = grpc.StatusCode.PERMISSION_DENIED if is_forbidden(error) else grpc.StatusCode.INTERNAL
        return code, f"the proxy's database says: {_short(first_line(error))}"
    if isinstance(error, ValidationError):
        found = error.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(str(part) for part in found["loc"])
        what = found["msg"].removeprefix("Value error, ")
        return grpc.StatusCode.INVALID_ARGUMENT, _short(f"{where}: {what}" if where else what)
    if isinstance(error, ValueError | TypeError | KeyError | RecursionError | DecodeError | StorageError):
        return grpc.StatusCode.INVALID_ARGUMENT, _short(first_line(error))
    return grpc.StatusCode.INTERNAL, f"a fault in the proxy ({type(error).__name__}); its log tells more"


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} ..."
