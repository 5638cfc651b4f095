"""A whole backlog at once: nothing wrong by itself, nearly everything proposed."""

import sys
import time

import pytest

from odoo.addons.facturex_banking.engine.matching import match

from . import backlog


def figures(story):
    started = time.process_time()
    found = match(story.lines, story.items)
    seconds = time.process_time() - started
    automatic = wrong = right = payable = sure_wrong = 0
    for line_id, item_id in story.truth.items():
        offers = found.get(line_id, ())
        payable += item_id is not None
        if offers and offers[0].certain:
            automatic += 1
            wrong += offers[0].item_ids != (item_id,)
        if offers and offers[0].sure:
            sure_wrong += offers[0].item_ids != (item_id,)
        if item_id is not None and offers:
            right += offers[0].item_ids == (item_id,)
    return {
        "automatic": automatic,
        "wrong": wrong,
        "recall": right / payable,
        "sure_wrong": sure_wrong,
        "seconds": seconds,
    }


@pytest.mark.parametrize(
    ("seed", "flat"), [(1, 0.35), (2, 0.35), (3, 0.0), (4, 0.9), (5, 0.35)]
)
def test_nothing_wrong_by_itself(seed, flat):
    result = figures(backlog.generate(2_000, seed, flat))
    assert result["wrong"] == 0
    assert result["automatic"] > 2_000 * 0.6
    if flat < 0.9:  # where everything costs the same, names decide
        assert result["recall"] >= 0.95


def test_ten_thousand_against_ten_thousand():
    story = backlog.generate(10_000, 42)
    assert len(story.items) == len(story.lines) == 10_000
    result = figures(story)
    assert result["wrong"] == 0
    assert result["recall"] >= 0.95
    # 3 s alone on a machine; a test shares it, or measures its coverage
    assert result["seconds"] < (60 if sys.gettrace() else 6)
