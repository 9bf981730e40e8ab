"""What pruning costs, as a user of the command line is told: a trial that would be given up is trained to its end."""

from hpo.search.audit import draw, seed_of_audits
from hpo.study.audits import draw_of
from stored_trials import trials

BUDGET = 16


def seed_that_draws(fingerprint: str, least: int) -> int:
    """A study's seed by which so many of its trials are audited, if they would be given up."""

    def drawn(seed: int) -> int:
        of_audits = seed_of_audits(seed, fingerprint)
        return sum(draw(of_audits, number, 0.0).audited for number in range(1, BUDGET))

    return next(seed for seed in range(10**6) if drawn(seed) >= least)


def test_status_and_report_tell_what_pruning_costs(hpo, opened_here) -> None:
    hpo.create("first", BUDGET, "--max-epochs", "6")
    seed = seed_that_draws(opened_here("first").contract.data.fingerprint, least=4)
    hpo.create("s", BUDGET, "--max-epochs", "6", "--seed", str(seed))
    opened, budget = opened_here("s"), BUDGET
    status = hpo.json("status", "--study", "s")
    assert status["pruning"]["study"] == {
        "studies": 0,
        "given_up": 0,
        "audited": 0,
        "under_way": 0,
        "beats_if_pruned": None,
        "pruned_if_beats": None,
        "regret": None,
    }
    assert "What pruning costs" not in hpo.ok("status", "--study", "s")
    # Which trials are good enough to be given up by nobody is not known beforehand.
    talk = hpo.run("worker", "--study", "s", "--workers", "2").stderr
    while not (cost := hpo.json("status", "--study", "s")["pruning"]["study"])["audited"] and budget < 6 * BUDGET:
        budget += BUDGET
        hpo.ok("extend", "--study", "s", "--trials", str(budget))
        talk += hpo.run("worker", "--study", "s", "--workers", "2").stderr
    audited = [one for one in trials(opened) if (drawn := draw_of(one.user_attrs)) is not None and drawn.audited]
    assert {one.state.name for one in audited} == {"COMPLETE"}
    assert all(f"trial {one.number}: would be given up, and is trained to its end" in talk for one in audited)
    assert (cost["audited"], cost["studies"]) == (len(audited), 1)
    share = cost["beats_if_pruned"]
    assert share["low"] <= share["value"] <= share["high"]
    assert share["high"] - share["low"] > 0.2
    line = f"What pruning costs, by {len(audited)} of {cost['given_up']} trials given up in this study"
    assert line in " ".join(hpo.ok("status", "--study", "s").split())
    result = hpo.json("finalize", "--study", "s", "--output", "report")
    assert result["pruning"]["study"] == cost
    assert line in " ".join((hpo.folder / "report" / "report.md").read_text().replace("\\", "").split())
    assert line in " ".join((hpo.folder / "report" / "report.html").read_text().split())
