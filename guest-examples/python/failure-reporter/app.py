"""Reports the failures of all functions in one place."""

from stepwell import Context, FunctionFailed, function, plugin


@function(id="report-failures", name="Report failures", trigger="inngest/function.failed")
async def report_failures(ctx: Context[FunctionFailed]) -> None:
    """In a step, so that each failure is reported once, even if this function has to be retried."""
    failed = ctx.event.data

    def report() -> None:
        # An exception again, with its causes: what a reporter such as Sentry's `capture_exception` takes.
        error = failed.error.exception()
        causes, cause = [], error.__cause__
        while cause:
            causes.append(repr(cause))
            cause = cause.__cause__
        ctx.log.error(
            f"{failed.function_id} failed: {failed.error}",
            run=failed.run_id,
            code=failed.error.code,
            step=failed.error.step_id,
            stack=failed.error.stack,
            causes=causes,
        )

    await ctx.step.run("report", report)


plugin(report_failures)
