//! Functions that fail as those did whose events are in `tests/captures`.

use serde_json::{Value, json};
use stepwell::{Context, Error, FailureContext, Function, Invoke, Result, try_join};

stepwell::plugin!(
    c01_throw_error,
    c03_step_throws,
    c04_cause_chain,
    c05_throw_string,
    c06_custom_class,
    c07_step_error_caught,
    c08_onfailure_throws,
    c09_retries_0,
    c17_onfailure_steps,
    c18_no_onfailure,
    c20_parallel_steps_one_fails,
    c23_invoke_child_fails
);

fn c01_throw_error() -> Function {
    let body = async |_: Context| Err::<(), _>(Error::msg("boom"));
    Function::new("c01-throw-error", body).on("cap/c01-throw-error").retries(1).on_failure(tell)
}

fn c03_step_throws() -> Function {
    let body = async |Context { step, .. }: Context| {
        Ok(step.run("bad", || Err::<(), _>(Error::new("TypeError", "step went wrong"))).await?)
    };
    Function::new("c03-step-throws", body).on("cap/c03-step-throws").retries(1).on_failure(tell)
}

fn c04_cause_chain() -> Function {
    let body = async |_: Context| {
        let middle = Error::msg("middle").caused_by(Error::new("RangeError", "inner"));
        Err::<(), _>(Error::msg("outer").caused_by(middle))
    };
    Function::new("c04-cause-chain", body).on("cap/c04-cause-chain").retries(1).on_failure(tell)
}

/// A text is no error in Rust; what comes nearest is an error that has nothing but its message.
fn c05_throw_string() -> Function {
    let body = async |_: Context| Err::<(), _>(Error::msg("just a string"));
    Function::new("c05-throw-string", body).on("cap/c05-throw-string").retries(1).on_failure(tell)
}

fn c06_custom_class() -> Function {
    let body = async |_: Context| {
        let error = Error::new("PaymentError", "card declined").with_code("card_declined");
        Err::<(), _>(error.with_details(&json!({ "retryable": false })))
    };
    Function::new("c06-custom-class", body).on("cap/c06-custom-class").retries(1).on_failure(tell)
}

fn c07_step_error_caught() -> Function {
    let body = async |Context { step, .. }: Context| {
        let failing = step.run("bad", || Err::<(), _>(Error::new("PaymentError", "caught me")));
        match failing.await {
            Ok(()) => Ok(Value::Null),
            Err(error) => Ok(json!({ "name": error.name, "message": error.message, "stepId": error.step_id() })),
        }
    };
    Function::new("c07-step-error-caught", body).on("cap/c07-step-error-caught").retries(1)
}

fn c08_onfailure_throws() -> Function {
    let body = async |_: Context| Err::<(), _>(Error::msg("first failure"));
    let handler = async |_: FailureContext| Err::<(), _>(Error::msg("the handler fails too"));
    Function::new("c08-onfailure-throws", body).on("cap/c08-onfailure-throws").retries(1).on_failure(handler)
}

/// Its capture is of the run that c23 invokes.
fn c09_retries_0() -> Function {
    let body = async |_: Context| Err::<(), _>(Error::msg("no retries"));
    Function::new("c09-retries-0", body).on("cap/c09-retries-0").retries(0).on_failure(tell)
}

fn c17_onfailure_steps() -> Function {
    let body = async |_: Context| Err::<(), _>(Error::msg("needs cleanup"));
    let handler = async |context: FailureContext| {
        context.step.run("clean-up", || Ok(())).await?;
        tell(context).await
    };
    Function::new("c17-onfailure-steps", body).on("cap/c17-onfailure-steps").retries(0).on_failure(handler)
}

fn c18_no_onfailure() -> Function {
    let body = async |_: Context| Err::<(), _>(Error::msg("nobody listens"));
    Function::new("c18-no-onfailure", body).on("cap/c18-no-onfailure").retries(0)
}

fn c20_parallel_steps_one_fails() -> Function {
    let body = async |Context { step, .. }: Context| {
        let (good, _) =
            try_join!(step.run("good", || Ok(1)), step.run("bad", || Err::<(), _>(Error::msg("p failed"))))?;
        Ok(good)
    };
    Function::new("c20-parallel-steps-one-fails", body)
        .on("cap/c20-parallel-steps-one-fails")
        .retries(1)
        .on_failure(tell)
}

fn c23_invoke_child_fails() -> Function {
    let body = async |Context { step, .. }: Context| {
        let child = Invoke::function("c09-retries-0").data(json!({ "via": "invoke" }));
        Ok(step.invoke::<(), _>("call", child).await?)
    };
    Function::new("c23-invoke-child-fails", body).on("cap/c23-invoke-child-fails").retries(1).on_failure(tell)
}

/// The handler's arguments, beside its event.
async fn tell(FailureContext { error, attempt, max_attempts, .. }: FailureContext) -> Result<Value> {
    let error = json!({ "name": error.name, "message": error.message });
    Ok(json!({ "attempt": attempt, "maxAttempts": max_attempts, "error": error }))
}
