import { createHmac } from 'node:crypto';
import { ENCODED_SECRET } from '../../model/webhook.ts';

/** Reports whether a text is base64 with its padding. */
export function isBase64(text: string): boolean {
  return /^[A-Za-z\d+/]+={0,2}$/.test(text) && text.length % 4 === 0;
}

/** Returns the key in a secret of Standard Webhooks: base64 behind `whsec_`; any other text is the key itself. */
export function decodeSecret(secret: string): Buffer {
  const encoded = secret.slice(ENCODED_SECRET.length);
  return secret.startsWith(ENCODED_SECRET) && isBase64(encoded) ? Buffer.from(encoded, 'base64') : Buffer.from(secret);
}

/** Returns the headers with which Standard Webhooks sign a message; `seconds` is the time since 1970. The id must have no dot. */
export function signStandardWebhook(secret: string, id: string, seconds: number, body: string): Record<string, string> {
  const signature = createHmac('sha256', decodeSecret(secret)).update(`${id}.${seconds}.${body}`).digest('base64');
  return { 'webhook-id': id, 'webhook-timestamp': String(seconds), 'webhook-signature': `v1,${signature}` };
}
