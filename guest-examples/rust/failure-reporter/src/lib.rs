//! Reports the failures of all functions in one place.

#[cfg(test)]
mod tests;

use std::iter::successors;
use stepwell::{Context, Function, FunctionFailed, Result};

stepwell::plugin!(report_failures);

fn report_failures() -> Function {
    Function::new("report-failures", report).name("Report failures").on("inngest/function.failed")
}

/// In a step, so that each failure is reported once, even if this function has to be retried.
async fn report(Context { event, step, log, .. }: Context<FunctionFailed>) -> Result<()> {
    let FunctionFailed { function_id, run_id, error, .. } = event.data;
    step.run("report", || {
        // `error` is an error again, with its causes as sources: what a reporter such as Sentry's client takes.
        let causes: Vec<_> =
            successors(error.cause.as_ref(), |cause| cause.cause.as_ref()).map(ToString::to_string).collect();
        let fields = serde_json::json!({
            "function": function_id,
            "run": run_id,
            "code": error.code,
            "step": error.step_id,
            "stack": error.stack,
            "causes": causes,
        });
        log.write(stepwell::Level::Error, format!("{function_id} failed: {error}"), &fields);
        Ok(())
    })
    .await?;
    Ok(())
}
