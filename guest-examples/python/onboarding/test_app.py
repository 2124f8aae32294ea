"""Ten days in a few milliseconds."""

import unittest

from app import onboard_user

from stepwell.testing import TestHost

ADA = {"user": "ada", "email": "ada@example.com"}


class OnboardUser(unittest.TestCase):
    def test_who_does_not_post_is_helped_and_then_reminded(self) -> None:
        host = TestHost(onboard_user)
        run = host.execute("app/user.signed-up", ADA)
        self.assertEqual(run.waits, ["first-post"])
        host.advance("3d")
        self.assertEqual((run.steps[-1].id, run.waits), ("send-tips", ["a-week"]))
        host.advance("7d")
        self.assertEqual(run.output, {"user": "ada", "mails": ["welcome", "tips", "reminder"]})

    def test_who_posts_is_congratulated(self) -> None:
        host = TestHost(onboard_user)
        run = host.execute("app/user.signed-up", ADA)
        host.advance("2d")
        host.send("app/post.created", {"user": "grace"})
        self.assertEqual(run.status, "waiting", "it is another user's post")
        host.send("app/post.created", {"user": "ada"})
        self.assertEqual(run.output, {"user": "ada", "mails": ["welcome", "congratulations"]})

    def test_who_leaves_is_left_in_peace(self) -> None:
        host = TestHost(onboard_user)
        run = host.execute("app/user.signed-up", ADA)
        host.send("app/user.deleted", {"user": "ada"})
        host.advance("30d")
        self.assertEqual((run.status, [step.id for step in run.steps]), ("cancelled", ["send-welcome"]))
