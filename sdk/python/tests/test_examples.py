"""The examples, as far as they go without a host."""

import unittest
from pathlib import Path

from stepwell import build

EXAMPLES = Path(__file__).parents[3] / "guest-examples/python"


class Examples(unittest.TestCase):
    def test_they_can_be_imported(self):
        ids = {}
        for app in sorted(EXAMPLES.glob("*/app.py")):
            inspected = build._inspect(app.parent, "app")
            ids[app.parent.name] = [(one["id"], one["has_failure_handler"]) for one in inspected["functions"]]
        wanted = {
            "failure-reporter": [("report-failures", False)],
            "hello": [("hello", False)],
            "product-import": [("import-product-images", True)],
        }
        self.assertEqual(ids, wanted)
