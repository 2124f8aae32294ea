//! Welcomes a user, and after three days sends what fits what the user has done by then.

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};
use std::time::Duration;
use stepwell::{Context, Event, Function, Result, WaitFor};

const DAY: Duration = Duration::from_hours(24);

stepwell::plugin!(onboard_user);

fn onboard_user() -> Function {
    Function::new("onboard-user", onboard)
        .name("Onboard user")
        .on("app/user.signed-up")
        .cancel_on(WaitFor::event("app/user.deleted").matching("data.user"))
}

/// The data of `app/user.signed-up`.
#[derive(Deserialize)]
struct User {
    user: String,
    email: String,
}

#[derive(Serialize)]
struct Onboarded {
    user: String,
    mails: &'static [&'static str],
}

/// Takes up to ten days, and is in memory for a few milliseconds of them.
async fn onboard(Context { event, step, .. }: Context<User>) -> Result<Onboarded> {
    let User { user, email } = event.data;

    step.run("send-welcome", || send("welcome", &email)).await?;
    let wait = WaitFor::event("app/post.created").matching("data.user").timeout(3 * DAY);
    let post: Option<Event> = step.wait_for_event("first-post", wait).await?;
    if post.is_some() {
        step.run("send-congratulations", || send("congratulations", &email)).await?;
        return Ok(Onboarded { user, mails: &["welcome", "congratulations"] });
    }

    step.run("send-tips", || send("tips", &email)).await?;
    step.sleep("a-week", 7 * DAY).await?;
    step.run("send-reminder", || send("reminder", &email)).await?;
    Ok(Onboarded { user, mails: &["welcome", "tips", "reminder"] })
}

/// A real one would send an email here; answers its number.
fn send(mail: &str, email: &str) -> Result<String> {
    Ok(format!("{mail} to {email}"))
}
