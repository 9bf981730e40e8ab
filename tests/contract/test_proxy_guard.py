"""What the proxy does not do for a caller: too much at once, leases that nobody can read, and telling of its SQL."""

import json
import resource

import grpc
import pytest
from optuna.storages._grpc.auto_generated import api_pb2
from optuna.study import StudyDirection
from optuna.trial import TrialState, create_trial

from storage.errors import StorageError
from storage.proxy import guard, limits
from storage.proxy.calls import SERVICE
from storage.studies import create_study
from storage.trials.lease import DEATHS, LEASE
from storage.trials.ledger import TrialChange
from storage.trials.queue import TrialQueue

OPTUNA = "optuna.StorageService"
REFUSALS = {grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.INTERNAL}
NO_LEASE = {"token": "x"}


@pytest.fixture
def call(grpc_url):
    """Sends bytes to the proxy, as somebody who has no client of ours."""
    options = [("grpc.max_send_message_length", -1)]
    with grpc.insecure_channel(grpc_url.removeprefix("grpc://"), options=options) as channel:

        def send(service: str, method: str, data: bytes) -> bytes:
            return channel.unary_unary(f"/{service}/{method}")(data, timeout=60)

        yield send


@pytest.fixture
def queue(grpc_url, open_url) -> TrialQueue:
    storage = open_url(grpc_url)
    return TrialQueue(storage, create_study(storage, "s").study_id)


def refused(send, *arguments) -> grpc.RpcError:
    with pytest.raises(grpc.RpcError) as caught:
        send(*arguments)
    assert caught.value.code() in REFUSALS
    for word in ("SELECT", "INSERT", "UPDATE", "parameters", "sqlalche.me", "Traceback"):
        assert word not in caught.value.details()
    return caught.value


def values(count: int) -> bytes:
    return b"[" + b",".join([b"[]"] * count) + b"]"


def most_memory_kib() -> int:
    """Of this process, in which the proxy runs, since it began."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def large_calls() -> dict[str, tuple[str, str, bytes]]:
    study = {"study_id": 1, "budget": 10**9}
    many = {f"k{number}": "1" for number in range(2_000)}
    waiting = api_pb2.CreateNewTrialRequest(
        study_id=1, template_trial=api_pb2.Trial(state=api_pb2.WAITING, user_attributes=many)
    )
    attribute = api_pb2.SetStudyUserAttributeRequest(study_id=1, key="k", value=values(500_000).decode())
    directions = api_pb2.CreateNewStudyRequest(directions=[api_pb2.MINIMIZE] * 1_000_000, study_name="wide")
    return {
        "60 MB of lists": (SERVICE, "count_trials", values(20_000_000)),
        "3 MB of lists": (SERVICE, "count_trials", values(1_000_000)),
        "ten million trials": (SERVICE, "make_trials", json.dumps(study | {"window": 10**7}).encode()),
        "nested lists": (SERVICE, "count_trials", b"[" * 90_000),
        "an attribute of many values": (OPTUNA, "SetStudyUserAttribute", attribute.SerializeToString()),
        "a million directions": (OPTUNA, "CreateNewStudy", directions.SerializeToString()),
        "a trial of many attributes": (OPTUNA, "CreateNewTrial", waiting.SerializeToString()),
    }


@pytest.mark.parametrize("name", large_calls())
def test_a_call_that_asks_for_too_much_is_refused_before_it_takes_memory(name, call, queue):
    arguments = large_calls()[name]
    queue.counts(1)  # what a first call takes is taken
    before = most_memory_kib()
    refused(call, *arguments)
    assert most_memory_kib() - before < 200 * 1024
    assert queue.counts(1).waiting == 0


@pytest.mark.parametrize(
    "data",
    [
        *(b"", b"{", b"[]", b"null", b"\xff", b'{"study_id": 1}', b'{"study_id": "one", "budget": 1}'),
        *(
            b'{"study_id": 1, "budget": -1}',
            b'{"study_id": 1e99, "budget": 1}',
            b'{"study_id": 99999999999, "budget": 1}',
        ),
        *(b'{"study_id": 1, "budget": 1, "more": 1}', b'{"study_id": NaN, "budget": ' + b"9" * 5_000 + b"}"),
    ],
)
def test_a_call_that_cannot_be_read_is_refused_in_words(call, data):
    error = refused(call, SERVICE, "count_trials", data)
    assert len(error.details()) < 600


def test_a_message_of_optuna_s_that_cannot_be_read_is_refused(call):
    refused(call, OPTUNA, "GetTrials", b"\xff\xff\xff")
    broken = api_pb2.SetTrialUserAttributeRequest(trial_id=1, key="k", value="{")
    refused(call, OPTUNA, "SetTrialUserAttribute", broken.SerializeToString())


@pytest.mark.parametrize("key", [LEASE, DEATHS])
def test_a_lease_that_nobody_could_read_is_not_written(key, queue, worker):
    claim = queue.claim(worker(), 1)
    before = queue.storage.get_trial(claim.trial_id).user_attrs
    with_it = create_trial(state=TrialState.WAITING, user_attrs={key: NO_LEASE})
    for write in (
        lambda: queue.storage.set_trial_user_attr(claim.trial_id, key, NO_LEASE),
        lambda: queue.storage.create_new_trial(queue.study_id, with_it),
        lambda: queue.record(claim, TrialChange({key: NO_LEASE})),
    ):
        with pytest.raises(StorageError, match=f"{key} cannot be read as such"):
            write()
    assert queue.storage.get_trial(claim.trial_id).user_attrs == before
    assert len(queue.storage.get_all_trials(queue.study_id)) == 1
    queue.storage.set_trial_user_attr(claim.trial_id, key, before.get(key))  # one that can be


def test_an_error_of_the_database_is_told_without_its_sql(grpc_url, open_url, queue, caplog):
    """A name of 600 characters does not fit into Optuna's column."""
    storage = open_url(grpc_url)
    with pytest.raises(StorageError, match="the proxy's database says: value too long") as caught:
        storage.create_new_study([StudyDirection.MAXIMIZE], "n" * 600)
    assert "INSERT" not in str(caught.value)
    assert "INSERT" not in caplog.text
    assert "proxy's log" in caught.value.next_step


def test_a_fault_of_the_proxy_tells_its_callers_no_more_than_that(queue, monkeypatch):
    def fault(_):
        raise RuntimeError("of no concern to callers: SELECT")

    monkeypatch.setattr(guard, "check_message", fault)
    with pytest.raises(StorageError, match=r"a fault in the proxy \(RuntimeError\)") as caught:
        queue.storage.get_all_studies()
    assert "SELECT" not in str(caught.value)


def test_what_hpo_and_optuna_send_is_far_within_the_limits(queue, worker):
    long = {"text": "a, b, [c] " * 5_000, "numbers": list(range(20_000))}
    queue.storage.set_study_user_attr(queue.study_id, "hpo:contract", long)
    claim = queue.claim(worker(), 1)
    queue.record(claim, TrialChange({f"hpo:fold:{fold}": {"accuracy": 0.5} for fold in range(50)}))
    assert queue.storage.get_study_user_attrs(queue.study_id)["hpo:contract"] == long
    assert len(queue.storage.get_trial(claim.trial_id).user_attrs) == 51


def test_an_id_beyond_the_database_s_is_refused(queue):
    for ask in (queue.storage.get_trial, queue.storage.get_study_user_attrs):
        with pytest.raises(StorageError, match="refused a call"):
            ask(2**40)
    assert limits.MOST_IDS < 2**40
