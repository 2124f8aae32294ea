// Reports the failures of all functions in one place.
import { createFunction, plugin, type FunctionFailed } from '@stepwell/sdk';

export default plugin(
  createFunction<FunctionFailed>(
    { id: 'report-failures', name: 'Report failures' },
    { event: 'inngest/function.failed' },
    async ({ event, step, logger }) => {
      const { function_id, run_id, error } = event.data;
      // In a step, so that each failure is reported once, even if this function has to be retried.
      return step.run('report', () => {
        // What a reporter such as Sentry's client takes: an error.
        const rebuilt = Object.assign(new Error(error.message), { name: error.name, stack: error.stack });
        logger.error(`${function_id} failed:`, rebuilt, { run: run_id, code: error.code, step: error.step_id });
        return `${function_id}: ${rebuilt}`;
      });
    },
  ),
);
