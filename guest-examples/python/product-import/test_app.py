"""Retries, and the message to the team."""

import unittest

from app import import_images
from shop import ShopUnavailable

from stepwell.testing import TestHost


class ImportImages(unittest.TestCase):
    def test_a_product_is_imported(self) -> None:
        run = TestHost(import_images).execute("shop/product.imported", {"sku": "mug-42"})
        self.assertEqual(run.output, "mug-42 imported with 3 images")
        self.assertIsNone(run.handler)

    def test_the_team_is_told_what_failed_and_what_had_been_done(self) -> None:
        run = TestHost(import_images).execute("shop/product.imported", {"sku": "mug-42", "shop_api": "down"})
        assert run.error and run.handler
        self.assertEqual((run.error.code, run.step("save-products").attempts), ("SHOP_503", 3))
        self.assertEqual(run.step("fetch-images").attempts, 1)
        told = run.handler.step("alert-team").output
        self.assertIn("The import of mug-42 failed (ShopUnavailable: ", told)
        self.assertIn("its 3 images had been fetched", told)
        self.assertEqual([line.level for line in run.handler.log], ["error"])

    def test_nothing_had_been_done_if_nothing_could_be_fetched(self) -> None:
        host = TestHost(import_images)
        host.fail("save-products", ShopUnavailable(503))
        host.mock("fetch-images", [])
        run = host.execute("shop/product.imported", {"sku": "mug-42"})
        assert run.handler
        self.assertIn("its 0 images", run.handler.output)

    def test_a_shop_that_is_back_in_time_gets_its_product(self) -> None:
        host = TestHost(import_images)
        host.fail("save-products", ShopUnavailable(503), times=2)
        run = host.execute("shop/product.imported", {"sku": "mug-42"})
        self.assertEqual((run.status, run.step("save-products").attempts), ("completed", 3))
