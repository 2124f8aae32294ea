//! A step that does not end, and a body that would catch its error.

use std::hint::spin_loop;
use stepwell::{Context, Function, Result};

pub fn functions() -> Vec<Function> {
    vec![Function::new("c32-deadline", hang).on("c32-deadline/go").retries(1)]
}

async fn hang(Context { step, .. }: Context) -> Result<String> {
    let a = step
        .run("a", || -> Result<()> {
            loop {
                spin_loop()
            }
        })
        .await;
    Ok(a.map_or_else(|_| "caught".to_owned(), |()| "never".to_owned()))
}
