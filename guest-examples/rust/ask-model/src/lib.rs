//! Has a language model summarize a page, as often as the model's rate limit demands.

mod model;
#[cfg(test)]
mod tests;

use model::Model;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use stepwell::{Context, FailureContext, Function, NonRetriableError, Response, Result};

/// How often a model that is busy is asked again, and how long after where it does not say.
const BUSY_MAX: usize = 5;
const BUSY_WAIT: Duration = Duration::from_secs(10);

stepwell::plugin!(summarize);

fn summarize() -> Function {
    summarize_by(Model::from_env)
}

/// The variables are read when a run needs them: they are not there when the plugin is only asked what it has.
fn summarize_by(model: impl Fn() -> Result<Model> + 'static) -> Function {
    let handler = async move |context: Context<Page>| answer(&context, &model()?).await;
    Function::new("summarize", handler).name("Summarize page").on("docs/page.changed").on_failure(give_up)
}

/// The data of `docs/page.changed`.
#[derive(Deserialize)]
struct Page {
    page: String,
    text: String,
}

#[derive(Serialize)]
struct Summary {
    page: String,
    summary: String,
}

/// The model's answer is recorded: whatever fails later, it is not asked, or paid, a second time.
async fn answer(context: &Context<Page>, model: &Model) -> Result<Summary> {
    let Page { page, text } = &context.event.data;
    let answer = ask(context, model, &format!("Summarize this page in one sentence:\n\n{text}")).await?;
    let summary = context.step.run("read-answer", || model::read_answer(&answer)).await?;
    Ok(Summary { page: page.clone(), summary })
}

/// Asks until the model is not busy.
///
/// A response is a result and recorded, that of a busy model too: asking again is another operation, with an id of its
/// own, and the time that the model asks for is a sleep between the two.
async fn ask(Context { step, log, .. }: &Context<Page>, model: &Model, question: &str) -> Result<Response> {
    for n in 0..=BUSY_MAX {
        let answer = step.fetch(format!("ask-{n}"), model.request(question)).await?;
        if answer.is_success() {
            return Ok(answer);
        }
        if !model::is_busy(&answer) {
            let message = format!("the model refuses with {}: {}", answer.status(), answer.text());
            return Err(NonRetriableError::new(message).into());
        }
        log.warn(format!("the model is busy ({})", answer.status()));
        step.sleep(format!("while-busy-{n}"), model::retry_after(&answer).unwrap_or(BUSY_WAIT)).await?;
    }
    Err(NonRetriableError::new(format!("the model was busy {} times", BUSY_MAX + 1)).into())
}

/// The page stays without a summary, and its author is told why.
async fn give_up(FailureContext { error, event, step, log, .. }: FailureContext) -> Result<String> {
    let page = event.data.event.data["page"].as_str().unwrap_or("an unknown page");
    let message = format!("{page} has no summary ({error})");

    let told = step
        .run("tell-author", || {
            // A real one would write to the page's author.
            log.error(&message);
            Ok(message)
        })
        .await?;
    Ok(told)
}
