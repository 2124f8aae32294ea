// The model's API, as it is spoken to over HTTP.
import { NonRetriableError, RetryAfterError } from '@stepwell/sdk';

const MODEL = 'small-model';

/** What a busy model is left alone for, where it does not say. */
const BUSY_WAIT = '10s';

/**
 * Asks, and answers what the model says. A busy one is asked again when it wants to be, as a retry of the step; one that
 * refuses is not.
 */
export async function ask(question: string): Promise<string> {
  // What the host grants the plugin is there at run time.
  const { MODEL_URL, MODEL_TOKEN } = process.env;
  const response = await fetch(`${MODEL_URL}/v1/messages`, {
    method: 'POST',
    headers: { authorization: `Bearer ${MODEL_TOKEN}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: MODEL, messages: [{ role: 'user', content: question }] }),
  });
  const text = await response.text();
  if (response.status === 429 || response.status >= 500) {
    const seconds = Number(response.headers.get('retry-after') ?? Number.NaN);
    throw new RetryAfterError('the model is busy', Number.isNaN(seconds) ? BUSY_WAIT : seconds * 1000);
  }
  if (!response.ok) throw new NonRetriableError(`the model refuses with ${response.status}: ${text}`);
  return read(text);
}

/** `{"content": [{"text": …}]}` */
function read(text: string): string {
  try {
    const { content }: { content: { text: string }[] } = JSON.parse(text);
    return content.map((part) => part.text).join('');
  } catch (error) {
    throw new NonRetriableError("the model's answer is not what its API promises", { cause: error });
  }
}
