"""Audits by a worker who may write to trials alone, and that only through the proxy."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from optuna.trial import TrialState

from database_roles import database_with_roles
from hpo.study.audits import draw_of
from hpo.study.opened import open_study
from hpo.study.status import read_status
from parking import audits, by_size, trials, work
from storage.proxy.server import start_proxy

pytestmark = pytest.mark.slow


@pytest.fixture
def url_of(postgres) -> Iterator[Callable[[str], str]]:
    with database_with_roles(postgres, "roles_of_audits") as url_of:
        yield url_of


@pytest.fixture
def storage_url(url_of) -> str:
    return url_of("hpo_studies")


@pytest.fixture
def proxy_url(url_of) -> Iterator[str]:
    proxy = start_proxy(url_of("hpo_worker"), port=0, threads=4)
    yield f"grpc://127.0.0.1:{proxy.port}"
    proxy.stop(grace_s=0)


def test_a_worker_behind_the_proxy_audits_and_every_role_is_told(audited, train, url_of, proxy_url: str) -> None:
    training = train(by_size)
    address = audited()().address
    by_proxy = open_study(replace(address, storage=proxy_url))
    work(by_proxy)
    seen = trials(by_proxy)
    assert audits(by_proxy)
    assert set(training.finished.values()) == {1}
    for trial in seen:
        drawn = draw_of(trial.user_attrs)
        assert trial.state == (TrialState.PRUNED if drawn and not drawn.audited else TrialState.COMPLETE)
    told = read_status(by_proxy, prospects=True).pruning
    assert told is not None
    assert told.study.audited == len(audits(by_proxy))
    by_proxy.storage.close()
    for role in ("hpo_reader", "hpo_studies"):
        opened = open_study(replace(address, storage=url_of(role)))
        assert read_status(opened, prospects=True).pruning == told
        opened.storage.close()
