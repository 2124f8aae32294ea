//! Steps side by side that write to the log, one of them at two attempts.

use std::thread;
use std::time::Duration;
use stepwell::{Context, Error, Function, Result, try_join};

pub fn functions() -> Vec<Function> {
    vec![Function::new("c36", talk).on("c36/go")]
}

async fn talk(Context { attempt, step, log, .. }: Context) -> Result<()> {
    log.info("begins");
    let say = |id: &'static str, ms: u64| {
        let log = log.clone();
        step.run(id, move || {
            (0..3).for_each(|n| log.info(&format!("{id} says {n}")));
            thread::sleep(Duration::from_millis(ms));
            if id == "b" && attempt == 0 { Err(Error::msg("once more")) } else { Ok(()) }
        })
    };
    try_join!(say("a", 0), say("b", 300), say("c", 600))?;
    log.info("ends");
    Ok(())
}
