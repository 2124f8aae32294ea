// Locales, time zones and texts, by the language's own means and by the packages that people use for them.
import { render } from '@react-email/render';
import { createFunction, plugin } from '@stepwell/sdk';
import dayjs from 'dayjs';
import timezone from 'dayjs/plugin/timezone.js';
import utc from 'dayjs/plugin/utc.js';
import { DateTime } from 'luxon';
import { marked } from 'marked';

dayjs.extend(utc);
dayjs.extend(timezone);

/** 14 November 2023, 22:13:20 UTC. */
const AT = new Date(1_700_000_000_000);

const Mail = ({ name }: { name: string }) => (
  <p>
    Grüße, <b>{name}</b>
  </p>
);

/** What is thrown, as a text. */
const refused = (act: () => unknown): string => {
  try {
    return `not refused: ${String(act())}`;
  } catch (error) {
    return String(error);
  }
};

/** What each of them comes to, all in one step. */
const each = {
  newYork: () => new Intl.DateTimeFormat('en-US', { timeZone: 'America/New_York', dateStyle: 'long', timeStyle: 'short' }).format(AT),
  german: () => AT.toLocaleDateString('de-DE', { timeZone: 'Asia/Tokyo', weekday: 'long', day: 'numeric', month: 'long' }),
  number: () => (1_234_567.891).toLocaleString('de-DE'),
  currency: () => new Intl.NumberFormat('pt-BR', { style: 'currency', currency: 'BRL' }).format(1_234.5),
  plain: () => [AT.toLocaleString(), AT.toLocaleTimeString('en-US', { timeZone: 'Europe/Berlin' })],
  dayjs: () => dayjs(AT).tz('America/New_York').format('YYYY-MM-DD HH:mm Z'),
  dayjsParsed: () => dayjs.tz('2024-07-01 09:00', 'Europe/Paris').toISOString(),
  luxon: () => DateTime.fromJSDate(AT).setZone('Asia/Kolkata').setLocale('de').toFormat('cccc HH:mm ZZ'),
  luxonParsed: () => DateTime.fromISO('2024-03-31T01:30', { zone: 'Europe/Berlin' }).plus({ hours: 1 }).toISO(),
  marked: () => marked.parse('# Grüße, *Ada*\n\n- eins\n- zwei'),
  letters: () => [...'Grüße 123 αβγ'.matchAll(/\p{L}+/gu)].map(([word]) => word),
  normalized: () => ['é'.normalize('NFD').length, 'ﬁ'.normalize('NFKC')],
  noLocale: () => refused(() => (1.5).toLocaleString('fr-FR')),
  noZone: () => refused(() => AT.toLocaleString('en-US', { timeZone: 'Mars/Olympus' })),
  noOrder: () => refused(() => 'ä'.localeCompare('z', 'de')),
  noProperty: () => refused(() => new RegExp(`\\p{${['L'][0]}}`, 'u')),
};

const tells = createFunction({ id: 'tells', retries: 0 }, { event: 'locales/tells' }, async ({ step }) => {
  const told = await step.run('each', () => Object.entries(each).map(([name, act]) => [name, act()]));
  const mail = await step.run('mail', () => render(<Mail name="Ada" />));
  return { ...Object.fromEntries(told), mail };
});

export default plugin(tells);
