// Storage, databases over HTTP, and queues.
import { DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { GetObjectCommand, ListObjectsV2Command, NoSuchKey, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { ReceiveMessageCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { AnonymousCredential, BlobServiceClient } from '@azure/storage-blob';
import { createClient as createLibsql } from '@libsql/client/web';
import { neon, neonConfig } from '@neondatabase/serverless';
import { connect } from '@planetscale/database';
import { plugin } from '@stepwell/sdk';
import { createClient as createSupabase } from '@supabase/supabase-js';
import { Client as QStash } from '@upstash/qstash';
import { Redis } from '@upstash/redis';
import { list, put } from '@vercel/blob';
import { tried } from './tried.js';

const aws = (endpoint: string) => ({
  endpoint,
  region: 'eu-west-1',
  credentials: { accessKeyId: 'id', secretAccessKey: 'secret' },
});

export default plugin(
  tried('@aws-sdk/client-s3', async (url) => {
    const s3 = new S3Client({ ...aws(url), forcePathStyle: true });
    const put = await s3.send(new PutObjectCommand({ Bucket: 'shop', Key: 'a.txt', Body: 'hello' }));
    const got = await s3.send(new GetObjectCommand({ Bucket: 'shop', Key: 'a.txt' }));
    const listed = await s3.send(new ListObjectsV2Command({ Bucket: 'shop' }));
    const missing = await s3.send(new GetObjectCommand({ Bucket: 'shop', Key: 'none' })).catch((error: unknown) => error);
    return {
      etag: put.ETag,
      text: await got.Body?.transformToString(),
      keys: listed.Contents?.map(({ Key, Size }) => [Key, Size]),
      isNoSuchKey: missing instanceof NoSuchKey,
      missing: String(missing),
    };
  }),
  tried('@azure/storage-blob', async (url) => {
    const blob = new BlobServiceClient(`${url}/account`, new AnonymousCredential())
      .getContainerClient('shop')
      .getBlockBlobClient('a.txt');
    const { etag } = await blob.upload('hello', 5);
    const names: string[] = [];
    const container = new BlobServiceClient(`${url}/account`, new AnonymousCredential()).getContainerClient('shop');
    for await (const { name } of container.listBlobsFlat()) names.push(name);
    return { etag, names, text: await (await (await blob.download()).blobBody)?.text() };
  }),
  tried('@vercel/blob', async () => {
    const stored = await put('a.txt', 'hello', { access: 'public', token: 'vercel_blob_rw_store_key' });
    const { blobs } = await list({ token: 'vercel_blob_rw_store_key' });
    return { url: stored.url, listed: blobs.map(({ pathname }) => pathname) };
  }),
  tried('@supabase/supabase-js', async (url) => {
    const supabase = createSupabase(url, 'key');
    const { data, error } = await supabase.from('orders').select('id, total').eq('id', 7).single();
    const inserted = await supabase.from('orders').insert({ id: 7 });
    return { data, error, code: inserted.error?.code };
  }),
  tried('@neondatabase/serverless', async (url) => {
    neonConfig.fetchEndpoint = `${url}/sql`;
    const sql = neon('postgresql://ada:secret@db.example.com/shop');
    return sql`SELECT id, paid_at FROM orders WHERE id = ${7}`;
  }),
  tried('@planetscale/database', async (url) => {
    const { rows } = await connect({ url: url.replace('//', '//ada:secret@') }).execute('SELECT id FROM orders WHERE id = ?', [7]);
    return rows;
  }),
  tried('@libsql/client', async (url) => {
    const { rows } = await createLibsql({ url }).execute({ sql: 'SELECT id, name FROM orders WHERE id = ?', args: [7] });
    return rows.map(({ id, name }) => ({ id, name }));
  }),
  tried('@upstash/redis', async (url) => {
    const redis = new Redis({ url, token: 'key' });
    await redis.set('order:7', { total: 1999 });
    return redis.get('order:7');
  }),
  tried('@aws-sdk/client-dynamodb', async (url) => {
    const client = new DynamoDBClient(aws(url));
    await client.send(new PutItemCommand({ TableName: 'orders', Item: { id: { N: '7' } } }));
    const { Item } = await client.send(new GetItemCommand({ TableName: 'orders', Key: { id: { N: '7' } } }));
    return Item;
  }),
  tried('@upstash/qstash', async (url) => {
    const client = new QStash({ baseUrl: url, token: 'key' });
    const published = await client.publishJSON({ url: 'https://shop.example.com/paid', body: { order: 7 } });
    return published.messageId;
  }),
  tried('@aws-sdk/client-sqs', async (url) => {
    const client = new SQSClient(aws(url));
    const QueueUrl = `${url}/123/orders`;
    const sent = await client.send(new SendMessageCommand({ QueueUrl, MessageBody: 'order 7' }));
    const { Messages } = await client.send(new ReceiveMessageCommand({ QueueUrl }));
    return { sent: sent.MessageId, received: Messages?.map(({ Body }) => Body) };
  }),
);
