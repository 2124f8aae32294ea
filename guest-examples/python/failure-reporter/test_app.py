"""Reports of another function's failure."""

import unittest

from app import report_failures

from stepwell import Context, function
from stepwell.testing import TestHost


class OutOfStock(Exception):
    code = "OUT_OF_STOCK"


@function(id="sells", trigger="shop/sale", retries=0)
async def sells(ctx: Context) -> None:
    def sell() -> None:
        raise OutOfStock("no mug is left") from KeyError("mug")

    await ctx.step.run("sell", sell)


class ReportFailures(unittest.TestCase):
    def test_a_failure_is_reported_with_its_causes(self) -> None:
        host = TestHost(sells, report_failures, plugin="shop")
        failed = host.execute("shop/sale")
        _, report = host.runs
        self.assertEqual((failed.status, report.status), ("failed", "completed"))
        [line] = report.log
        self.assertEqual(line.message, "shop-sells failed: OutOfStock: no mug is left")
        self.assertEqual((line.fields["run"], line.fields["code"]), (failed.id, "OUT_OF_STOCK"))
        self.assertEqual((line.fields["step"], line.fields["causes"]), ("sell", ["KeyError(\"'mug'\")"]))
        self.assertIn("raise OutOfStock", line.fields["stack"])

    def test_it_is_reported_once_even_if_the_reporter_crashes(self) -> None:
        host = TestHost(sells, report_failures)
        host.crash("report")
        host.execute("shop/sale")
        self.assertEqual(len(host.runs[1].log), 1)
