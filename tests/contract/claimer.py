"""A worker process without training: claims, renews, finishes; prints the numbers it claimed as JSON.

Arguments: storage URL, worker's name, budget, and what to do: `finish` trials until none waits, or `die` holding one.
"""

import json
import os
import signal
import sys
import time

from optuna.trial import TrialState

from storage.connection import open_storage
from storage.studies import find_study
from storage.trials.heartbeat import Heartbeat
from storage.trials.lease import WorkerIdentity
from storage.trials.ledger import TrialChange
from storage.trials.queue import TrialQueue


def main(url: str, name: str, budget: int, task: str) -> None:
    study = find_study(open_storage(url))
    queue = TrialQueue(study.storage, study.study_id, window=8)
    me = WorkerIdentity(worker=name, host="laptop", pid=os.getpid(), device="cpu")
    study.set(f"ready:{name}", True)
    while not study.attributes().get("go"):
        time.sleep(0.01)
    claimed = []
    while claim := queue.claim(me, budget):
        claimed.append(claim.number)
        with Heartbeat(queue, claim, beat_interval_s=0.02):
            if task == "die":
                queue.record(claim, TrialChange({"hpo:fold:0": {"accuracy": 0.75}}))
                os.kill(os.getpid(), signal.SIGKILL)
        queue.finish(claim, TrialState.COMPLETE, claim.number / budget)
    print(json.dumps(claimed))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4])
