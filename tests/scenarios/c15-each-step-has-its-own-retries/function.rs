//! Two steps that each fail once, with one retry.

use stepwell::{Attempt, Context, Error, Function, Result};

pub fn functions() -> Vec<Function> {
    vec![Function::new("c15", both).on("c15/go").retries(1)]
}

async fn both(Context { step, .. }: Context) -> Result<(String, String)> {
    let a = step.run_with("a", second_time).await?;
    let b = step.run_with("b", second_time).await?;
    Ok((a, b))
}

fn second_time(attempt: Attempt) -> Result<String> {
    match attempt.number {
        0 => Err(Error::msg("not yet")),
        number => Ok(format!("at attempt {number}")),
    }
}
