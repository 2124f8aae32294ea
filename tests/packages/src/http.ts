// Clients of HTTP, tokens and passwords.
import { plugin } from '@stepwell/sdk';
import axios, { AxiosError } from 'axios';
import bcrypt from 'bcryptjs';
import { exportJWK, generateKeyPair, jwtVerify, SignJWT } from 'jose';
import ky, { HTTPError } from 'ky';
import { tried } from './tried.js';

export default plugin(
  tried('axios', async (url) => {
    const client = axios.create({ baseURL: url, timeout: 10_000 });
    client.interceptors.request.use((request) => {
      request.headers.set('x-order', '7');
      return request;
    });
    const posted = await client.post('/orders', { id: 7 }, { params: { dry: true } });
    const missing = await client.get('/none').catch((error: unknown) => error);
    return { posted: posted.data, status: missing instanceof AxiosError && missing.response?.status };
  }),
  tried('ky', async (url) => {
    const client = ky.create({ prefixUrl: url, retry: { limit: 1, delay: () => 1 } });
    const answer = await client.post('orders', { json: { id: 7 } }).json();
    const again = await client.get('flaky').text();
    const missing = await client.get('none').catch((error: unknown) => error);
    return { answer, again, status: missing instanceof HTTPError && missing.response.status };
  }),
  tried('jose', async () => {
    const secret = new TextEncoder().encode('a secret of at least thirty-two bytes');
    const token = await new SignJWT({ order: 7 }).setProtectedHeader({ alg: 'HS256' }).setExpirationTime('2h').sign(secret);
    const { payload } = await jwtVerify(token, secret);
    const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
    const signed = await new SignJWT({ order: 8 }).setProtectedHeader({ alg: 'ES256' }).sign(privateKey);
    const verified = await jwtVerify(signed, publicKey);
    const refused = await jwtVerify(`${token.slice(0, -2)}xx`, secret).catch((error: Error) => error.message);
    return { order: payload['order'], signed: verified.payload['order'], curve: (await exportJWK(publicKey)).crv, refused };
  }),
  tried('bcryptjs', async () => {
    const hash = await bcrypt.hash('secret', 4);
    return [hash.length, await bcrypt.compare('secret', hash), await bcrypt.compare('other', hash)];
  }),
);
