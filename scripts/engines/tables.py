"""The tables of `bench_engine`, from its records."""

from collections.abc import Iterable, Sequence
from statistics import mean, median, stdev
from typing import Any

from engines.cases import OPERATIONS

Record = dict[str, Any]
NAMES = {
    "keras": "Keras + TensorFlow",
    "tutorial": "`nn.LSTM` as in a tutorial",
    "stock": "our stock path",
    "native": "our fast path",
}
#: Epochs of a fold's training, and folds, in the original's job.
EPOCHS, FOLDS = 10, 5


def print_all(records: list[Record]) -> None:
    """One table for each measurement that was made."""
    for what, show in SHOWN:
        found = [record for record in records if record["what"] == what]
        if found:
            show(found)
            print()


def row(*cells: object) -> None:
    """A line of a table."""
    print("| " + " | ".join(str(cell) for cell in cells) + " |")


def header(*cells: str) -> None:
    """The first two lines of a table."""
    row(*cells)
    row(*["---"] * len(cells))


def spread(seconds: Sequence[float]) -> str:
    """Half the distance between the fastest and the slowest, in percent of the median."""
    return f"±{50 * (max(seconds) - min(seconds)) / median(seconds):.0f} %"


def equal(records: list[Record]) -> None:
    """Rows a second, ratios to Keras, and the share of the limit."""
    header(
        "lengths",
        "threads",
        "variant",
        "training, rows/s",
        "x Keras",
        "share of the limit",
        "inference, rows/s",
        "x Keras",
    )
    for key in dict.fromkeys((record["case"], record["threads"]) for record in records):
        here = {record["variant"]: record for record in records if (record["case"], record["threads"]) == key}
        limit = here["limit"]["operations"] / median(here["limit"]["train"])
        base = here["keras"]
        for variant, name in NAMES.items():
            one = here[variant]
            share = 3 * OPERATIONS * one["tokens"] / median(one["train"]) / limit
            rates = {work: one["rows"] / median(one[work]) for work in ("train", "infer")}
            ratios = {work: rates[work] * median(base[work]) / base["rows"] for work in rates}
            row(
                *(key[0], key[1], name, f"{rates['train']:.0f} {spread(one['train'])}", f"{ratios['train']:.2f}"),
                *(f"{share:.2f}", f"{rates['infer']:.0f} {spread(one['infer'])}", f"{ratios['infer']:.2f}"),
            )
        row(
            key[0],
            key[1],
            "limit: fp32 matrix product",
            f"{limit / 1e9:.0f} GFLOP/s {spread(here['limit']['train'])}",
            *[""] * 4,
        )


def job(records: list[Record]) -> None:
    """Seconds of an epoch, and of the whole cross-validation at the original's size."""
    header("side", "genes", "one epoch of one fold, s", "5 folds of 10 epochs at 100,000 genes, h")
    hours = {}
    # The largest size of each side comes last, and is what is compared.
    for record in sorted(records, key=lambda record: -record["scale"]):
        # Our epoch includes its validation; Keras' is predicted apart.
        parts = ("train", "infer") if record["variant"].startswith("keras") else ("train",)
        seconds = sum(median(record[part]) for part in parts)
        hours[record["variant"]] = seconds * record["scale"] * EPOCHS * FOLDS / 3600
        genes, told = f"{100_000 / record['scale']:,.0f}", f"{seconds:.2f} {spread(record['train'])}"
        row(record["variant"], genes, told, f"{hours[record['variant']]:.2f}")
    print()
    header("ours against Keras", "times less")
    for ours, keras in (("nucleotide", "nucleotide"), ("amino_acid", "amino_acid"), ("amino_acid", "nucleotide")):
        both = f"keras, {keras}", f"native, {ours}"
        if all(side in hours for side in both):
            row(f"{ours} against {keras}", f"{hours[both[0]] / hours[both[1]]:.1f}")


def accuracy(records: list[Record]) -> None:
    """Last epoch's validation accuracy over the folds."""
    header("side", "genes", "batch", "folds", "CV accuracy", "standard error")
    for key in dict.fromkeys((record["variant"], record["encoding"], record["scale"]) for record in records):
        here = [r for r in records if (r["variant"], r["encoding"], r["scale"]) == key]
        last = [record["curve"][-1] for record in here]
        error = f"{stdev(last) / len(last) ** 0.5:.4f}" if len(last) > 1 else ""
        row(f"{key[0]}, {key[1]}", round(100_000 / key[2]), here[0]["batch"], len(last), f"{mean(last):.4f}", error)


def memory(records: list[Record]) -> None:
    """A worker's memory, trial after trial."""
    header("encoding", "before", "first trial", *[f"highest up to trial {n}" for n in ("10", "20", "30", "40", "50")])
    for record in records:
        trials = record["trials"]
        highest = [trials[n]["highest"] if n < len(trials) else "" for n in (10, 20, 30, 40, 50)]
        row(record["case"], trials[0]["now"], trials[1]["highest"], *highest)


def gpu(records: list[Record]) -> None:
    """Rows a second on a GPU, and ratios to the tutorial's way at the same precision."""
    header("network", "way", "training, rows/s", "x tutorial")
    for case in dict.fromkeys(record["case"] for record in records):
        rates = {r["variant"]: r["rows"] / median(r["train"]) for r in records if r["case"] == case}
        for one in (record for record in records if record["case"] == case):
            way = one["variant"]
            base = rates[f"tutorial, {way.rsplit(', ', 1)[1]}"]
            row(case, way, f"{rates[way]:,.0f} {spread(one['train'])}", f"{rates[way] / base:.2f}")


def workers(records: Iterable[Record]) -> None:
    """What several workers do beside one."""
    header("work", "way", "rows/s", "x one worker")
    base: dict[str, float] = {}
    for record in records:
        rate = record["rows"] / median(record["seconds"])
        base.setdefault(record["case"], rate)
        row(
            record["case"],
            record["variant"],
            f"{rate:.0f} {spread(record['seconds'])}",
            f"{rate / base[record['case']]:.2f}",
        )


def mutations(records: list[Record]) -> None:
    """Rows a second and the time of an optimizer step, and ratios to the same layer through torch."""
    header("network and rows", "way", "rows/s", "a step, µs", "x native layer")
    for case in dict.fromkeys(record["case"] for record in records):
        here = {record["variant"]: record for record in records if record["case"] == case}
        base = median(here["native layer"]["seconds"])
        for way, one in here.items():
            took = median(one["seconds"])
            told = f"{one['rows'] / took:,.0f} {spread(one['seconds'])}"
            row(case, way, told, f"{took / one['steps'] * 1e6:,.0f}", f"{base / took:.1f}")


SHOWN = (
    ("equal", equal),
    ("job", job),
    ("accuracy", accuracy),
    ("workers", workers),
    ("memory", memory),
    ("gpu", gpu),
    ("mutations", mutations),
)
