// `@sentry/node` as far as a plugin runs it: the core that it is made of, with a transport over `fetch`.
import * as core from '@sentry/core';
import { nodeStackLineParser, ServerRuntimeClient } from '@sentry/core/server';
import type { SentryIntegration, SentryOptions, SentryTransport, StackParser } from '@sentry/core';

export * from '@sentry/core';

/** Sets the client up; as in Node what is not said is read from `SENTRY_DSN` and its like. */
export function init(options: SentryOptions = {}): unknown {
  const { dsn, environment, release, transport, stackParser, integrations, ...rest } = options;
  const { SENTRY_DSN, SENTRY_ENVIRONMENT, SENTRY_RELEASE } = process.env;
  const client = new ServerRuntimeClient({
    _metadata: { sdk: { name: 'sentry.javascript.stepwell', version: core.SDK_VERSION } },
    traceLifecycle: 'static',
    platform: 'node',
    runtime: { name: 'stepwell' },
    ...rest,
    dsn: dsn ?? SENTRY_DSN,
    environment: environment ?? SENTRY_ENVIRONMENT,
    release: release ?? SENTRY_RELEASE,
    transport: transport ?? overFetch,
    stackParser: stackParser ?? inApp(core.createStackParser(nodeStackLineParser())),
    integrations: core.getIntegrationsToSetup({
      defaultIntegrations: rest.defaultIntegrations ?? integrationsAnywhere(),
      integrations,
    }),
  });
  core.getCurrentScope().setClient(client);
  client.init();
  return client;
}

/** Integrations of Node's that are not about Node; the one that sorts events out has been renamed once. */
function integrationsAnywhere(): SentryIntegration[] {
  const { inboundFiltersIntegration, eventFiltersIntegration = inboundFiltersIntegration } = core;
  const { dedupeIntegration, functionToStringIntegration, linkedErrorsIntegration } = core;
  const known = [eventFiltersIntegration, functionToStringIntegration, linkedErrorsIntegration, dedupeIntegration];
  return known.flatMap((integration) => integration?.() ?? []);
}

/** Stacks name files from the project's folder, which the parser of Node's takes for Node's own. */
const inApp =
  (parse: StackParser): StackParser =>
  (...stack) =>
    parse(...stack).map((frame) => ({ ...frame, in_app: !frame.filename?.includes('node_modules') }));

const overFetch = (options: { url: string; headers?: Record<string, string> }): SentryTransport =>
  core.createTransport(options, async ({ body }) => {
    const response = await fetch(options.url, { method: 'POST', headers: options.headers ?? {}, body });
    await response.arrayBuffer();
    return {
      statusCode: response.status,
      headers: {
        'x-sentry-rate-limits': response.headers.get('x-sentry-rate-limits'),
        'retry-after': response.headers.get('retry-after'),
      },
    };
  });
