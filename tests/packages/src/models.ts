// Clients of models.
import { createOpenAI } from '@ai-sdk/openai';
import Anthropic from '@anthropic-ai/sdk';
import { GoogleGenAI } from '@google/genai';
import { Mistral } from '@mistralai/mistralai';
import { plugin } from '@stepwell/sdk';
import { generateText, streamText } from 'ai';
import OpenAI from 'openai';
import { tried } from './tried.js';

const QUESTION = 'What is the capital of France?';

export default plugin(
  tried('openai', async (url) => {
    const client = new OpenAI({ apiKey: 'key', baseURL: `${url}/v1` });
    const asked = { model: 'gpt-5', messages: [{ role: 'user' as const, content: QUESTION }] };
    const whole = await client.chat.completions.create(asked);
    let streamed = '';
    for await (const chunk of await client.chat.completions.create({ ...asked, stream: true })) {
      streamed += chunk.choices[0]?.delta.content ?? '';
    }
    const refused = await client.models.retrieve('none').catch((error: unknown) => error);
    const status = refused instanceof OpenAI.NotFoundError && refused.status;
    return { whole: whole.choices[0]?.message.content, streamed, status };
  }),
  tried('@anthropic-ai/sdk', async (url) => {
    const client = new Anthropic({ apiKey: 'key', baseURL: url });
    const asked = { model: 'claude-opus-5', max_tokens: 100, messages: [{ role: 'user' as const, content: QUESTION }] };
    const whole = await client.messages.create(asked);
    const streamed = await client.messages.stream(asked).finalText();
    return { whole: whole.content, streamed };
  }),
  tried('@google/genai', async (url) => {
    const client = new GoogleGenAI({ apiKey: 'key', httpOptions: { baseUrl: url } });
    const answer = await client.models.generateContent({ model: 'gemini-3-pro', contents: QUESTION });
    return answer.text;
  }),
  tried('ai', async (url) => {
    const model = createOpenAI({ apiKey: 'key', baseURL: `${url}/v1` }).chat('gpt-5');
    const whole = await generateText({ model, prompt: QUESTION });
    let streamed = '';
    for await (const text of streamText({ model, prompt: QUESTION }).textStream) streamed += text;
    return { whole: whole.text, streamed };
  }),
  tried('@mistralai/mistralai', async (url) => {
    const client = new Mistral({ apiKey: 'key', serverURL: url });
    const asked = { model: 'mistral-large-latest', messages: [{ role: 'user' as const, content: QUESTION }] };
    const answer = await client.chat.complete(asked);
    return answer.choices[0]?.message?.content;
  }),
);
