"""Recipients of the letters, and recipients that cannot be reached."""

import unittest

from app import count_issue, send_newsletter

from stepwell.testing import TestHost


class SendNewsletter(unittest.TestCase):
    def test_all_are_written_to_and_the_issue_is_counted(self) -> None:
        host = TestHost(send_newsletter, count_issue)
        run = host.execute("newsletter/issue.ready", {"issue": "may", "readers": 3})
        self.assertEqual(run.output, {"sent": 3, "bounced": []})
        ids = [step.id for step in run.steps]
        self.assertEqual(ids, ["load-readers", "send-to-0", "send-to-1", "send-to-2", "tell"])
        _, counted = host.runs
        self.assertEqual((counted.function_id, counted.output), ("count-issue", {"issue": "may", "sent": 3}))

    def test_who_cannot_be_reached_is_not_tried_again_and_holds_up_nobody(self) -> None:
        host = TestHost(send_newsletter, count_issue)
        bounces = ["reader-1@example.com"]
        run = host.execute("newsletter/issue.ready", {"issue": "may", "readers": 3, "bounces": bounces})
        self.assertEqual(run.output, {"sent": 2, "bounced": bounces})
        self.assertEqual(run.step("send-to-1").attempts, 1)
        self.assertEqual(host.runs[1].output, {"issue": "may", "sent": 2})

    def test_one_that_fails_for_now_is_retried_alone(self) -> None:
        host = TestHost(send_newsletter)
        host.fail("send-to-1", ConnectionError("the relay is busy"), times=2)
        run = host.execute("newsletter/issue.ready", {"issue": "may", "readers": 3})
        self.assertEqual(run.output["sent"], 3)
        self.assertEqual([run.step(f"send-to-{n}").attempts for n in range(3)], [1, 3, 1])

    def test_what_is_no_bounce_fails_the_run(self) -> None:
        host = TestHost(send_newsletter)
        host.fail("send-to-1", ConnectionError("the relay is gone"))
        run = host.execute("newsletter/issue.ready", {"issue": "may", "readers": 2})
        assert run.error and run.error.step
        self.assertEqual((run.error.name, run.error.step.id), ("ConnectionError", "send-to-1"))
