"""A model that answers, is busy, or refuses."""

import os
import unittest
from unittest import mock

from app import summarize

from stepwell import Response
from stepwell.testing import Request, TestHost, respond

PAGE = {"page": "/intro", "text": "Steps are remembered."}
ANSWER = respond(json={"content": [{"text": "It is about steps."}]})


@mock.patch.dict(os.environ, {"MODEL_URL": "https://model.example", "MODEL_TOKEN": "secret"})
class Summarize(unittest.TestCase):
    def test_the_page_is_summarized(self) -> None:
        asked: list[Request] = []

        def answer(request: Request) -> Response:
            asked.append(request)
            return ANSWER

        host = TestHost(summarize)
        host.mock("ask-0", answer)
        self.assertEqual(
            host.execute("docs/page.changed", PAGE).output, {"page": "/intro", "summary": "It is about steps."}
        )
        [request] = asked
        self.assertEqual((request.method, request.url), ("POST", "https://model.example/v1/messages"))
        self.assertEqual(request.headers["authorization"], "Bearer secret")
        self.assertIn("Steps are remembered.", request.json()["messages"][0]["content"])

    def test_a_busy_model_is_asked_again_when_it_says(self) -> None:
        host = TestHost(summarize)
        host.mock("ask-0", respond(429, headers={"Retry-After": "30"}))
        host.mock("ask-1", respond(503))
        host.mock("ask-2", ANSWER)
        begun = host.now
        run = host.execute("docs/page.changed", PAGE)
        self.assertEqual((run.status, (host.now - begun).total_seconds()), ("completed", 30 + 10))

    def test_a_request_that_does_not_get_through_is_retried_by_the_host(self) -> None:
        host = TestHost(summarize)
        host.fail("ask-0", ConnectionError("reset"), times=2)
        host.mock("ask-0", ANSWER)
        self.assertEqual(host.execute("docs/page.changed", PAGE).step("ask-0").attempts, 3)

    def test_who_is_refused_tells_the_author(self) -> None:
        host = TestHost(summarize)
        host.mock("ask-0", respond(401, body="who are you?"))
        run = host.execute("docs/page.changed", PAGE)
        assert run.handler
        message = "/intro has no summary (NonRetriableError: the model refuses with 401: who are you?)"
        self.assertEqual((run.handler.output, run.handler.step("tell-author").output), (message, message))

    def test_one_that_is_always_busy_is_given_up(self) -> None:
        host = TestHost(summarize)
        for n in range(6):
            host.mock(f"ask-{n}", respond(429))
        run = host.execute("docs/page.changed", PAGE)
        assert run.error
        self.assertEqual(run.error.message, "the model was busy 6 times")

    def test_an_answer_that_is_none_fails(self) -> None:
        host = TestHost(summarize)
        host.mock("ask-0", respond(json={"choices": []}))
        run = host.execute("docs/page.changed", PAGE)
        assert run.error and run.error.step
        self.assertEqual((run.error.step.id, run.step("read-answer").attempts), ("read-answer", 1))
