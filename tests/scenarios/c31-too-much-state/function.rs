//! Nine steps of 4 MiB, which is what each of them may have.

use stepwell::{Context, Function, Result};

pub fn functions() -> Vec<Function> {
    vec![Function::new("c31", fill).on("c31/go")]
}

async fn fill(Context { step, .. }: Context) -> Result<()> {
    for _ in 0..9 {
        step.run("s", || Ok("x".repeat((4 << 20) - r#""""#.len()))).await?;
    }
    Ok(())
}
