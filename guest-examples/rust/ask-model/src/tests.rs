//! A model that answers, is busy, or refuses.

use super::model::Model;
use super::summarize_by;
use serde_json::Value;
use std::time::Duration;
use stepwell::Error;
use stepwell::testing::{Reply, Status, TestHost, TestRun, json, respond};

fn host() -> TestHost {
    let model = || Ok(Model { url: "https://model.example".to_owned(), token: "secret".to_owned() });
    TestHost::new([summarize_by(model)])
}

fn change_page(host: &TestHost) -> TestRun {
    host.execute("docs/page.changed", json!({ "page": "/intro", "text": "Steps are remembered." }))
}

fn answer() -> Reply {
    respond(200).json(&json!({ "content": [{ "text": "It is about steps." }] }))
}

#[test]
fn the_page_is_summarized() {
    let host = host();
    host.mock_with("ask-0", |asked| {
        assert_eq!(asked.options["method"], "POST");
        assert_eq!(asked.options["url"], "https://model.example/v1/messages");
        assert_eq!(asked.options["headers"]["authorization"], "Bearer secret");
        let body: Value = serde_json::from_str(asked.options["body"].as_str().expect("a text"))?;
        assert!(body["messages"][0]["content"].as_str().expect("a text").contains("Steps are remembered."));
        Ok(answer())
    });
    assert_eq!(change_page(&host).output(), json!({ "page": "/intro", "summary": "It is about steps." }));
}

#[test]
fn a_busy_model_is_asked_again_when_it_says() {
    let host = host();
    host.mock("ask-0", respond(429).header("Retry-After", "30"));
    host.mock("ask-1", respond(503));
    host.mock("ask-2", answer());
    let begun = host.now();
    assert_eq!(change_page(&host).status(), Status::Completed);
    assert_eq!(host.now(), begun + Duration::from_secs(30 + 10));
}

#[test]
fn a_request_that_does_not_get_through_is_retried_by_the_host() {
    let host = host();
    host.fail("ask-0", Error::new("FetchError", "reset")).times(2);
    host.mock("ask-0", answer());
    assert_eq!(change_page(&host).step("ask-0").attempts, 3);
}

#[test]
fn who_is_refused_tells_the_author() {
    let host = host();
    host.mock("ask-0", respond(401).text("who are you?"));
    let handler = change_page(&host).handler();
    let message = "/intro has no summary (NonRetriableError: the model refuses with 401: who are you?)";
    assert_eq!((handler.output(), handler.step("tell-author").output()), (json!(message), &json!(message)));
}

#[test]
fn one_that_is_always_busy_is_given_up() {
    let host = host();
    for n in 0..6 {
        host.mock(format!("ask-{n}"), respond(429));
    }
    assert_eq!(change_page(&host).error().message, "the model was busy 6 times");
}

#[test]
fn an_answer_that_is_none_fails() {
    let host = host();
    host.mock("ask-0", respond(200).json(&json!({ "choices": [] })));
    let run = change_page(&host);
    assert_eq!(run.error().step.expect("of a step").id, "read-answer");
    assert_eq!(run.step("read-answer").attempts, 1);
}
