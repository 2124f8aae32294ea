// Dates, validation, identifiers, markup, and what works on texts and lists: nothing here makes a request.
import { render } from '@react-email/render';
import { plugin } from '@stepwell/sdk';
import Ajv from 'ajv';
import { load } from 'cheerio';
import { parse } from 'csv-parse/sync';
import { add, differenceInCalendarDays, format, parseISO } from 'date-fns';
import dayjs from 'dayjs';
import duration from 'dayjs/plugin/duration.js';
import { XMLBuilder, XMLParser } from 'fast-xml-parser';
import Handlebars from 'handlebars';
import _ from 'lodash';
import { DateTime, Interval } from 'luxon';
import { marked } from 'marked';
import moment from 'moment';
import Mustache from 'mustache';
import { customAlphabet, nanoid } from 'nanoid';
import Papa from 'papaparse';
import { ulid } from 'ulid';
import { v4, v5, v7, validate, version } from 'uuid';
import * as v from 'valibot';
import * as yup from 'yup';
import { z } from 'zod';
import { tried } from './tried.js';

dayjs.extend(duration);

const ORDER = { id: 7, mail: 'not a mail', lines: [{ sku: 'mug', count: 0 }] };
const CSV = 'sku,count\nmug,2\n"cup, blue",1\n';

const Mail = ({ name }: { name: string }) => <p>Thank you, {name}</p>;

export default plugin(
  tried('date-fns', () => {
    const paid = parseISO('2024-02-28T10:00:00Z');
    const due = add(paid, { months: 1, days: 2 });
    return [format(due, "EEEE, d MMMM yyyy 'at' HH:mm"), differenceInCalendarDays(due, paid)];
  }),
  tried('dayjs', () => [
    dayjs('2024-01-31T00:00:00Z').add(1, 'month').toISOString(),
    dayjs.duration({ days: 1, hours: 1 }).format('D [day] H [hour]'),
  ]),
  tried('luxon', () => {
    const start = DateTime.fromISO('2024-03-30T12:00', { zone: 'Europe/Berlin' });
    return [start.plus({ days: 1 }).toISO(), Interval.after(start, { days: 1 }).length('hours')];
  }),
  tried('moment', () => moment.utc('2024-02-28').add(2, 'days').format('dddd, MMMM Do YYYY')),
  tried('zod', () => {
    const order = z.object({ id: z.number(), mail: z.email(), lines: z.array(z.object({ sku: z.string(), count: z.int().positive() })) });
    return order.safeParse(ORDER).error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  }),
  tried('yup', () =>
    yup
      .object({ id: yup.number().required(), mail: yup.string().email() })
      .validate(ORDER, { abortEarly: false })
      .catch((error: yup.ValidationError) => error.errors),
  ),
  tried('valibot', () => {
    const order = v.object({ id: v.number(), mail: v.pipe(v.string(), v.email()) });
    return v.safeParse(order, ORDER).issues?.map(({ message }) => message);
  }),
  tried('ajv', () => {
    const ajv = new Ajv({ allErrors: true });
    const isOrder = ajv.compile({ type: 'object', properties: { id: { type: 'string' }, lines: { type: 'array', minItems: 2 } } });
    return [isOrder(ORDER), ajv.errorsText(isOrder.errors)];
  }),
  tried('uuid', () => [
    [v4(), v7()].map((id) => [validate(id), version(id)]),
    v5('https://stepwell.example', v5.URL),
    v4() === v4(),
  ]),
  tried('nanoid', () => [nanoid().length, customAlphabet('ab', 5)().replaceAll(/[ab]/g, 'x'), nanoid() === nanoid()]),
  tried('ulid', () => [ulid(1_700_000_000_000).slice(0, 10), ulid().length, ulid() === ulid()]),
  tried('marked', () => marked.parse('| a | b |\n|---|---|\n| **1** | ~~2~~ |\n')),
  tried('handlebars', () => Handlebars.compile('{{#each lines}}{{sku}}: {{count}}{{/each}} {{{mail}}}')(ORDER)),
  tried('mustache', () => Mustache.render('{{#lines}}{{sku}}{{/lines}} <{{mail}}>', ORDER)),
  tried('cheerio', () => {
    const $ = load('<ul><li class=a>one<li>two</ul>');
    $('li.a').text('first').after('<li>added</li>');
    return [$('li').length, $('ul').html()];
  }),
  tried('fast-xml-parser', () => {
    const parsed = new XMLParser({ ignoreAttributes: false }).parse('<o id="7"><l>mug</l><l>cup &amp; lid</l></o>');
    return [parsed, new XMLBuilder({}).build({ o: { l: ['mug', 'a < b'] } })];
  }),
  tried('@react-email/render', () => render(<Mail name="Ada" />)),
  tried('lodash', () => [
    _.groupBy(['one', 'two', 'three'], 'length'),
    _.merge({ a: { b: 1 } }, { a: { c: 2 } }),
    _.template('Hello <%= name %>')({ name: 'Ada' }),
  ]),
  tried('csv-parse', () => parse(CSV, { columns: true })),
  tried('papaparse', () => Papa.parse(CSV, { header: true, skipEmptyLines: true }).data),
);
