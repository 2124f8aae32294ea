//! A failure handler that fails once between its two steps. Its function has a step of the same id.

use stepwell::{Context, Error, FailureContext, Function, NonRetriableError, Result};

pub fn functions() -> Vec<Function> {
    vec![Function::new("f4", fail).on("f4/go").on_failure(handle)]
}

async fn fail(Context { step, .. }: Context) -> Result<()> {
    step.run("A", || Ok("the run's own".to_owned())).await?;
    Err(NonRetriableError::new("x").into())
}

async fn handle(FailureContext { step, attempt, .. }: FailureContext) -> Result<String> {
    let a: String = step.run("A", || Ok("a".into())).await?;
    if attempt == 0 {
        return Err(Error::msg("between"));
    }
    let b = step.run("B", || Ok(format!("{a}b"))).await?;
    Ok(b)
}
