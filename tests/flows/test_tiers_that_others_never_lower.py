"""Levels that elsewhere last a lifetime, or lose more than a refund took (members-mall-orders.md 3.A, yudao)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from config.clock import months_later
from tests.stories import Story
from tests.workers.test_count_growth import account, count, tier
from workers.jobs import evaluate_tiers


@pytest.fixture
def story(session, now):
    return Story(session, now, milk=300)


def test_a_purchase_counts_for_its_year_and_no_longer(story):
    """yudao adds up experience for a lifetime and looks at no period."""
    start = story.now
    story.sell(milk=102)
    count(story.session, start)
    assert (tier(story.session, story.member), account(story.session, story.member)) == ("silver", (1_009, 0))
    story.now = months_later(start, 11)
    story.sell(milk=10)
    count(story.session, story.now)
    end = months_later(start, 12) + timedelta(days=30)
    assert evaluate_tiers.run(now=months_later(start, 12)) == evaluate_tiers.run(now=end) == 1
    assert tier(story.session, story.member) == "standard"
    assert account(story.session, story.member) == (1_108, 0)  # what was earned stays written; it only counts no more
    story.agree()


def test_a_refund_takes_the_growth_of_its_own_order_and_of_no_other(story):
    """yudao takes the whole order's experience at any refund and clamps what is left at 0."""
    first, second = story.sell(milk=60), story.sell(milk=50)
    count(story.session, story.now)
    assert (tier(story.session, story.member), account(story.session, story.member)) == ("silver", (594 + 495, 0))
    for units, left in ((1, 594 - 9), (29, 594 - 297), (30, 0)):
        story.give_back(first, lines={1: units})
        count(story.session, story.now)
        assert account(story.session, story.member) == (left + 495, 0)
    story.give_back(second, lines={1: 50})
    count(story.session, story.now)
    assert account(story.session, story.member) == (0, 0)
    assert story.count("SELECT sum(quantity) FROM lot_entry WHERE account = 'growth'") == 0
    story.agree()
