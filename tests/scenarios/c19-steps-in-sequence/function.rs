//! Three steps, one after the other.

use stepwell::{Context, Function, Result};

pub fn functions() -> Vec<Function> {
    vec![Function::new("c19", sequence).on("c19/go")]
}

async fn sequence(Context { step, .. }: Context) -> Result<String> {
    let a: String = step.run("a", || Ok("a".into())).await?;
    let b: String = step.run("b", || Ok(format!("{a}b"))).await?;
    let c: String = step.run("c", || Ok(format!("{b}c"))).await?;
    Ok(c)
}
