"""The smallest test: an event, and what the run returns."""

import unittest

from app import hello

from stepwell.testing import TestHost


class Hello(unittest.TestCase):
    def test_a_visitor_is_greeted(self) -> None:
        run = TestHost(hello).execute("demo/hello", {"name": "Ada"})
        self.assertEqual(run.output, "Hello, Ada!")
