//! Recipients of the letters, and recipients that cannot be reached.

use super::{count_issue, send_newsletter};
use stepwell::Error;
use stepwell::testing::{TestHost, json};

fn host() -> TestHost {
    TestHost::new([send_newsletter(), count_issue()])
}

#[test]
fn all_are_written_to_and_the_issue_is_counted() {
    let host = host();
    let run = host.execute("newsletter/issue.ready", json!({ "issue": "may", "readers": 3 }));
    assert_eq!(run.output(), json!({ "sent": 3, "bounced": [] }));
    let ids: Vec<_> = run.steps().into_iter().map(|step| step.id).collect();
    assert_eq!(ids, ["load-readers", "send-to-0", "send-to-1", "send-to-2", "tell"]);
    let [_, counted] = host.runs().try_into().expect("two runs");
    assert_eq!(
        (counted.function_id().as_str(), counted.output()),
        ("count-issue", json!({ "issue": "may", "sent": 3 }))
    );
}

#[test]
fn who_cannot_be_reached_is_not_tried_again_and_holds_up_nobody() {
    let host = host();
    let bounces = ["reader-1@example.com"];
    let run = host.execute("newsletter/issue.ready", json!({ "issue": "may", "readers": 3, "bounces": bounces }));
    assert_eq!(run.output(), json!({ "sent": 2, "bounced": bounces }));
    assert_eq!(run.step("send-to-1").attempts, 1);
    assert_eq!(host.runs()[1].output(), json!({ "issue": "may", "sent": 2 }));
}

#[test]
fn one_that_fails_for_now_is_retried_alone() {
    let host = host();
    host.fail("send-to-1", Error::msg("the relay is busy")).times(2);
    let run = host.execute("newsletter/issue.ready", json!({ "issue": "may", "readers": 3 }));
    assert_eq!(run.output()["sent"], 3);
    assert_eq!([0, 1, 2].map(|n| run.step(&format!("send-to-{n}")).attempts), [1, 3, 1]);
}

#[test]
fn what_is_no_bounce_fails_the_run() {
    let host = host();
    host.fail("send-to-1", Error::new("RelayError", "the relay is gone"));
    let error = host.execute("newsletter/issue.ready", json!({ "issue": "may", "readers": 2 })).error();
    assert_eq!((error.name.as_str(), error.step.expect("of a step").id.as_str()), ("RelayError", "send-to-1"));
}
