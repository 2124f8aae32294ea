//! Ten days in a few milliseconds.

use super::{DAY, onboard_user};
use stepwell::NewEvent;
use stepwell::testing::{Status, TestHost, json};

fn host() -> TestHost {
    TestHost::new([onboard_user()])
}

#[test]
fn who_does_not_post_is_helped_and_then_reminded() {
    let host = host();
    let run = host.execute("app/user.signed-up", json!({ "user": "ada", "email": "ada@example.com" }));
    assert_eq!(run.waits(), ["first-post"]);
    host.advance(3 * DAY);
    assert_eq!((run.step("send-tips").attempts, run.waits()), (1, vec!["a-week".to_owned()]));
    host.advance(7 * DAY);
    assert_eq!(run.output(), json!({ "user": "ada", "mails": ["welcome", "tips", "reminder"] }));
}

#[test]
fn who_posts_is_congratulated() {
    let host = host();
    let run = host.execute("app/user.signed-up", json!({ "user": "ada", "email": "ada@example.com" }));
    host.advance(2 * DAY);
    host.publish(NewEvent::new("app/post.created", json!({ "user": "grace" })));
    assert_eq!(run.status(), Status::Waiting, "it is another user's post");
    host.send("app/post.created", json!({ "user": "ada" }));
    assert_eq!(run.output(), json!({ "user": "ada", "mails": ["welcome", "congratulations"] }));
}

#[test]
fn who_leaves_is_left_in_peace() {
    let host = host();
    let run = host.execute("app/user.signed-up", json!({ "user": "ada", "email": "ada@example.com" }));
    host.send("app/user.deleted", json!({ "user": "ada" }));
    host.advance(30 * DAY);
    assert_eq!(run.status(), Status::Cancelled);
    assert_eq!(run.steps().len(), 1, "no mail but the welcome");
}
