"""Roll-backs, wherever the order fails."""

import unittest

from app import place_order
from shop import ShippingError

from stepwell.testing import TestHost


class PlaceOrder(unittest.TestCase):
    def test_an_order_is_shipped(self) -> None:
        run = TestHost(place_order).execute("shop/order.placed", {"order": "o-1"})
        self.assertEqual(run.output, {"order": "o-1", "shipped": True})
        self.assertEqual([step.id for step in run.steps], ["reserve-stock", "charge-card", "ship"])
        self.assertIsNone(run.handler)

    def test_what_was_done_is_undone_the_last_first(self) -> None:
        undone = {"ship": ["refund-card", "release-stock"], "charge": ["release-stock"]}
        for fails_at, wanted in undone.items():
            with self.subTest(fails_at):
                run = TestHost(place_order).execute("shop/order.placed", {"order": "o-1", "fails_at": fails_at})
                self.assertEqual(run.status, "failed")
                assert run.handler
                self.assertEqual(run.handler.output, {"order": "o-1", "undone": wanted})
                self.assertEqual([step.id for step in run.handler.steps], wanted)

    def test_shipping_is_retried_and_a_declined_card_is_not(self) -> None:
        host = TestHost(place_order)
        run = host.execute("shop/order.placed", {"order": "o-1", "fails_at": "ship"})
        self.assertEqual([step.attempts for step in run.steps], [1, 1, 2])
        run = host.execute("shop/order.placed", {"order": "o-2", "fails_at": "charge"})
        self.assertEqual([step.attempts for step in run.steps], [1, 1])

    def test_a_carrier_that_is_back_in_time_ships(self) -> None:
        host = TestHost(place_order)
        host.fail("ship", ShippingError("strike"), times=1)
        self.assertEqual(host.execute("shop/order.placed", {"order": "o-1"}).status, "completed")

    def test_a_crash_in_the_rollback_refunds_once_more_but_releases_no_less(self) -> None:
        host = TestHost(place_order)
        host.crash("refund-card")
        run = host.execute("shop/order.placed", {"order": "o-1", "fails_at": "ship"})
        assert run.handler
        self.assertEqual(run.handler.output["undone"], ["refund-card", "release-stock"])
