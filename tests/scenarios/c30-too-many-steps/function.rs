//! More steps than a run may have.

use stepwell::{Context, Function, Result, try_join_all};

pub fn functions() -> Vec<Function> {
    vec![
        Function::new("c30", one_after_the_other).on("c30/go").retries(0),
        Function::new("c30-at-once", at_once).on("c30-at-once/go").retries(0),
    ]
}

async fn one_after_the_other(Context { step, .. }: Context) -> Result<()> {
    for n in 0..1001 {
        step.run("s", || Ok(n)).await?;
    }
    Ok(())
}

async fn at_once(Context { step, .. }: Context) -> Result<()> {
    try_join_all((0..1001).map(|n| step.run("s", move || Ok(n)))).await?;
    Ok(())
}
