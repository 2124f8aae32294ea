"""The examples, as far as they go without a host: each with its own tests, in a Python of its own."""

import os
import subprocess
import sys
import unittest
from pathlib import Path

import stepwell
from stepwell import build

EXAMPLES = Path(__file__).parents[3] / "guest-examples/python"
FUNCTIONS = {
    "ask-model": [("summarize", True)],
    "failure-reporter": [("report-failures", False)],
    "fan-out": [("send-newsletter", False), ("count-issue", False)],
    "hello": [("hello", False)],
    "onboarding": [("onboard-user", False)],
    "order-saga": [("place-order", True)],
    "product-import": [("import-product-images", True)],
}


class Examples(unittest.TestCase):
    def test_they_can_be_imported(self):
        ids = {}
        for app in sorted(EXAMPLES.glob("*/app.py")):
            inspected = build._inspect(app.parent, "app")
            ids[app.parent.name] = [(one["id"], one["has_failure_handler"]) for one in inspected["functions"]]
        self.assertEqual(ids, FUNCTIONS)

    def test_their_own_tests_pass(self):
        sdk = str(Path(stepwell.__file__).parents[1])
        command = [sys.executable, "-B", "-W", "error::RuntimeWarning", "-m", "unittest", "test_app"]
        for name in FUNCTIONS:
            with self.subTest(name):
                environment = os.environ | {"PYTHONPATH": sdk}
                ran = subprocess.run(command, cwd=EXAMPLES / name, env=environment, capture_output=True, text=True)
                self.assertEqual(ran.returncode, 0, ran.stderr)
                self.assertNotIn("Ran 0 tests", ran.stderr)
