"""What a script does to worker processes and to what they stand on: kill, stop, restart, cut."""

import argparse
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from ground.network import Namespace
from ground.servers import Postgres, Proxy
from ground.spoiling import Spoiler
from ground.workers import Parent, kill

CUT_S = 60.0


@dataclass
class Ground:
    """A storage, as the two parents and this script reach it."""

    near: str
    far: str
    server: Postgres | None = None
    proxy: Proxy | None = None
    cable: Namespace | None = None


@dataclass
class Blows:
    """What is done to the workers, and what was done so far."""

    options: argparse.Namespace
    place: Ground
    parents: list[Parent]
    spoiler: Spoiler
    rng: random.Random
    done: Counter[str] = field(default_factory=Counter)
    slowest_stop_s: float = 0.0
    mend_at: float | None = None

    def plan(self, budget: int) -> list[tuple[float, Callable[[], bool]]]:
        """What happens, by the number of finished trials at which it happens; False where it must wait."""
        wanted, to_parents = self.options, self.options.kills // 10
        events = [self.kill_worker] * (wanted.kills - to_parents) + [self.kill_parent] * to_parents
        events += [self.terminate_parent] * wanted.terms
        events += [self.spoil_artifact] * wanted.spoilt_artifacts + [self.spoil_record] * wanted.spoilt_records
        if self.place.server is not None:
            events += [self.restart_server] * wanted.restarts
        if self.place.proxy is not None:
            events += [self.kill_proxy] * wanted.proxy_kills
        self.rng.shuffle(events)
        plan = [(budget * 0.85 * (index + 1) / len(events), event) for index, event in enumerate(events)]
        if self.place.cable is not None:
            plan.append((budget * 0.15, self.cut))
        return sorted(plan, key=lambda entry: entry[0])

    def kill_worker(self) -> bool:
        """SIGKILL to a worker; False where the parent that was drawn has none just now."""
        children = self.rng.choice(self.parents).children()
        killed = bool(children) and kill(self.rng.choice(children))
        self.done["workers killed (SIGKILL)"] += killed
        return killed

    def kill_parent(self) -> bool:
        """SIGKILL to a parent, and a new one in its place; False where the one that was drawn has just ended."""
        parent = self.rng.choice(self.parents)
        if parent.ended() is not None or not kill(parent.process.pid):
            return False
        self.done["parents killed (SIGKILL)"] += 1
        parent.process.wait()
        parent.start()
        return True

    def terminate_parent(self) -> bool:
        """SIGTERM to a parent that can reach its storage, and a new one in its place; False where it has just ended."""
        parent = self.parents[0] if self.mend_at is not None else self.rng.choice(self.parents)
        if parent.ended() is not None:
            return False
        self.slowest_stop_s = max(self.slowest_stop_s, parent.terminate(grace_s=60.0))
        self.done["parents terminated (SIGTERM)"] += 1
        parent.start()
        return True

    def spoil_artifact(self) -> bool:
        """A fold's result is damaged or removed; False where there is none yet."""
        spoilt = self.spoiler.spoil_artifact()
        self.done["artifacts damaged or removed"] += spoilt
        return spoilt

    def spoil_record(self) -> bool:
        """A record of a trial that is not finished becomes garbage; False where there is none yet."""
        spoilt = self.spoiler.spoil_record()
        self.done["records overwritten by garbage"] += spoilt
        return spoilt

    def restart_server(self) -> bool:
        """An immediate restart of Postgres."""
        if self.place.server is not None:
            self.place.server.restart()
            self.done["server restarts"] += 1
        return True

    def kill_proxy(self) -> bool:
        """SIGKILL to the proxy, and a new one in its place."""
        if self.place.proxy is not None:
            self.place.proxy.restart()
            self.done["proxies killed (SIGKILL)"] += 1
        return True

    def cut(self) -> bool:
        """Cut the second parent's network; `look_after` mends it."""
        if self.place.cable is not None:
            self.place.cable.cut()
            self.mend_at = time.monotonic() + CUT_S
            self.done["seconds of cut network"] = int(CUT_S)
        return True

    def look_after(self) -> None:
        """Mend the network when its time has come."""
        if self.place.cable is not None and self.mend_at is not None and time.monotonic() >= self.mend_at:
            self.place.cable.mend()
            self.mend_at = None
