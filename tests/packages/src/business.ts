// Mail, payment, and the services that teams talk to.
import { Client as Notion } from '@notionhq/client';
import { Octokit } from '@octokit/rest';
import { Paddle } from '@paddle/paddle-node-sdk';
import sendgrid from '@sendgrid/mail';
import sendgridClient from '@sendgrid/client';
import { WebClient } from '@slack/web-api';
import { plugin } from '@stepwell/sdk';
import Mailgun from 'mailgun.js';
import { PostHog } from 'posthog-node';
import { ServerClient as Postmark } from 'postmark';
import { Resend } from 'resend';
import Stripe from 'stripe';
import { tried } from './tried.js';

const MAIL = { to: 'ada@example.com', from: 'shop@example.com', subject: 'Your order', html: '<p>Thank you</p>' };

export default plugin(
  tried('resend', async (url) => {
    const { data, error } = await new Resend('key', { baseUrl: url }).emails.send(MAIL);
    return data?.id ?? error;
  }),
  tried('postmark', async (url) => {
    const client = new Postmark('key', { useHttps: false, requestHost: url.replace('http://', '') });
    const { to: To, from: From, subject: Subject, html: HtmlBody } = MAIL;
    const sent = await client.sendEmail({ To, From, Subject, HtmlBody });
    return sent.MessageID;
  }),
  tried('@sendgrid/mail', async (url) => {
    sendgrid.setClient(sendgridClient);
    sendgrid.setApiKey('SG.key');
    sendgridClient.setDefaultRequest('baseUrl', url);
    const [{ statusCode }] = await sendgrid.send(MAIL);
    return statusCode;
  }),
  tried('mailgun.js', async (url) => {
    const client = new Mailgun(FormData).client({ username: 'api', key: 'key', url });
    const sent = await client.messages.create('example.com', MAIL);
    return sent.id;
  }),
  tried('stripe', async (url) => {
    const { hostname: host, port } = new URL(url);
    const stripe = new Stripe('sk_test', { host, port: Number(port), protocol: 'http' });
    const charged = await stripe.paymentIntents.create({ amount: 1999, currency: 'eur' }, { idempotencyKey: 'order-7' });
    const declined = await stripe.paymentIntents.confirm('pi_2').catch((error: unknown) => error);
    const payload = JSON.stringify({ id: 'evt_1', object: 'event', type: 'charge.refunded', data: { object: {} } });
    const header = await stripe.webhooks.generateTestHeaderStringAsync({ payload, secret: 'whsec' });
    const event = await stripe.webhooks.constructEventAsync(payload, header, 'whsec');
    const code = declined instanceof Stripe.errors.StripeCardError && declined.code;
    return { charged: charged.id, code, event: event.type };
  }),
  tried('@paddle/paddle-node-sdk', async (url) => {
    const paddle = new Paddle('key', { environment: url as never });
    const product = await paddle.products.get('pro_1');
    return product.name;
  }),
  tried('@slack/web-api', async (url) => {
    const sent = await new WebClient('xoxb', { slackApiUrl: `${url}/api/` }).chat.postMessage({ channel: 'C1', text: 'Hello' });
    return sent.ts;
  }),
  tried('@octokit/rest', async (url) => {
    const octokit = new Octokit({ auth: 'key', baseUrl: url });
    const { data } = await octokit.rest.issues.create({ owner: 'ada', repo: 'engine', title: 'It stalls' });
    const all = await octokit.paginate(octokit.rest.issues.listForRepo, { owner: 'ada', repo: 'engine', per_page: 1 });
    return { created: data.number, all: all.map(({ number }) => number) };
  }),
  tried('@notionhq/client', async (url) => {
    const notion = new Notion({ auth: 'key', baseUrl: url });
    const page = await notion.pages.retrieve({ page_id: '59833787-2cf9-4fdf-8782-e53db20768a5' });
    return page.id;
  }),
  tried('posthog-node', async (url) => {
    const client = new PostHog('key', { host: url, disableCompression: true });
    await client.captureImmediate({ distinctId: 'ada', event: 'order paid' });
    await client.shutdown();
    return 'sent';
  }),
);
