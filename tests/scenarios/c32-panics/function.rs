//! Panics: in a step whose error the body would catch, and in a body.

use stepwell::{Context, FailureContext, Function, Result};

pub fn functions() -> Vec<Function> {
    vec![
        Function::new("c32-step", in_step).on("c32-step/go").retries(1).on_failure(report),
        Function::new("c32-body", in_body).on("c32-body/go").retries(1).on_failure(report),
    ]
}

async fn in_step(Context { step, .. }: Context) -> Result<String> {
    let a = step.run("a", || -> Result<()> { panic!("no images of {}", "sku-1") }).await;
    Ok(a.map_or_else(|_| "caught".to_owned(), |()| "never".to_owned()))
}

async fn in_body(Context { event, .. }: Context) -> Result<()> {
    let sku = event.data["sku"].as_str().expect("every product has a sku");
    panic!("{sku}")
}

async fn report(FailureContext { error, .. }: FailureContext) -> Result<String> {
    Ok(format!("{:?} {}: {}", error.kind, error.name, error.message))
}
