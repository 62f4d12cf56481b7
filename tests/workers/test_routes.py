from __future__ import annotations

from importlib import import_module

from config.queues import QUEUES
from trade.stock import metrics
from workers import schedule
from workers.routes import FURTHER, OFFERED, ROUTES


def test_every_route_and_every_period_names_a_job_and_a_queue():
    jobs = {f"workers.jobs.{job}": where for where, job in OFFERED.values()}
    jobs |= {job: where for job, where, _ in schedule.EVERY}
    for job, where in jobs.items():
        assert callable(import_module(job).run)
        assert where in QUEUES


def test_further_effects_are_of_facts_that_have_a_first_one():
    assert FURTHER.keys() <= ROUTES.keys()
    for fact, more in FURTHER.items():
        assert ROUTES[fact][1] not in {job for _, job in more}


def test_the_lag_of_the_malls_figures_is_measured_over_all_their_facts():
    assert {fact for fact, (_, job) in ROUTES.items() if job == "project_availability"} == set(metrics.FACTS)
