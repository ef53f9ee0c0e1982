import { createHmac } from 'node:crypto';
import { sign } from '@octokit/webhooks-methods';
import fc from 'fast-check';
import { Webhook } from 'standardwebhooks';
import { describe, expect, it } from 'vitest';
import type { HookHeaders, WebhookScheme } from '../../../model/webhook.ts';
import { verify } from '../../../service/webhooks/verification.ts';

const NOW = 1_764_446_400;
const BODY = '{"id":"evt_1","type":"invoice.paid","note":"café €"}';
const SECRET = 'a secret of eight or more';
const OTHER = 'another secret of the same kind';
const KEY = `whsec_${Buffer.from('0123456789abcdef0123456789abcdef').toString('base64')}`;
const OTHER_KEY = `whsec_${Buffer.from('another key of thirty-two bytes!').toString('base64')}`;

/** A request that is authentic at NOW, and who could have sent it. */
interface Vector {
  scheme: Partial<WebhookScheme> & Pick<WebhookScheme, 'preset'>;
  secret: string;
  other: string;
  headers: Record<string, string>;
  /** The header with the proof, and whether it covers the body and a time. */
  proof: string;
  coversBody: boolean;
  time: string | null;
}

const hmac = (settings: WebhookScheme['settings']): Vector['scheme'] => ({ preset: 'hmac', settings });

// cspell:ignore yyyzzz
// Signatures that no library has made here were made with the module `hmac` of Python 3, from the texts above.
const VECTORS: Record<string, Vector> = {
  'standard-webhooks': {
    scheme: { preset: 'standard-webhooks' },
    secret: KEY,
    other: OTHER_KEY,
    headers: {
      'webhook-id': 'msg_1',
      'webhook-timestamp': String(NOW),
      'webhook-signature': new Webhook(KEY).sign('msg_1', new Date(NOW * 1000), BODY),
    },
    proof: 'webhook-signature',
    coversBody: true,
    time: 'webhook-timestamp',
  },
  'standard-webhooks by the names of Svix': {
    scheme: { preset: 'standard-webhooks' },
    secret: KEY,
    other: OTHER_KEY,
    headers: {
      'svix-id': 'msg_1',
      'svix-timestamp': String(NOW),
      'svix-signature': 'v1,+SKmWYrYV9joIHglK+JxCHVHKqIde+lElxPFG0tOp2Q=',
    },
    proof: 'svix-signature',
    coversBody: true,
    time: 'svix-timestamp',
  },
  github: {
    scheme: { preset: 'github' },
    secret: SECRET,
    other: OTHER,
    headers: { 'x-hub-signature-256': await sign(SECRET, BODY) },
    proof: 'x-hub-signature-256',
    coversBody: true,
    time: null,
  },
  'gitlab with a token': {
    scheme: { preset: 'gitlab' },
    secret: 'token-of-gitlab',
    other: 'token-of-another',
    headers: { 'x-gitlab-token': 'token-of-gitlab' },
    proof: 'x-gitlab-token',
    coversBody: false,
    time: null,
  },
  'gitlab with a key': {
    scheme: { preset: 'gitlab' },
    secret: KEY,
    other: OTHER_KEY,
    headers: {
      'webhook-id': 'msg_1',
      'webhook-timestamp': String(NOW),
      'webhook-signature': 'v1,+SKmWYrYV9joIHglK+JxCHVHKqIde+lElxPFG0tOp2Q=',
    },
    proof: 'webhook-signature',
    coversBody: true,
    time: 'webhook-timestamp',
  },
  stripe: {
    scheme: { preset: 'stripe' },
    secret: 'whsec_stripe_endpoint_secret',
    other: 'whsec_stripe_other_secret',
    headers: {
      'stripe-signature': `t=${NOW},v1=5261419362e354750981a1280fb47587ad29e209fb2b54b31d44e013593f0984,v0=00`,
    },
    proof: 'stripe-signature',
    coversBody: true,
    time: 'stripe-signature',
  },
  slack: {
    scheme: { preset: 'slack' },
    secret: '8f742231b10e8888abcd99yyyzzz85a5',
    other: OTHER,
    headers: {
      'x-slack-request-timestamp': String(NOW),
      'x-slack-signature': 'v0=a271bb1b4be22648e5eb9d2bc4ec89ab6df1ec955238366cad6ed931d1851f19',
    },
    proof: 'x-slack-signature',
    coversBody: true,
    time: 'x-slack-request-timestamp',
  },
  pagerduty: {
    scheme: { preset: 'pagerduty' },
    secret: SECRET,
    other: OTHER,
    headers: {
      'x-pagerduty-signature': `v1=${'0'.repeat(64)},v1=f61529e481fb2b477ee8e4370206584d87e6cc14786c8db68ce9d00de4758988`,
    },
    proof: 'x-pagerduty-signature',
    coversBody: true,
    time: null,
  },
  'alertmanager with a token': {
    scheme: { preset: 'alertmanager' },
    secret: 'token-of-alertmanager',
    other: 'token-of-another',
    headers: { authorization: 'Bearer token-of-alertmanager' },
    proof: 'authorization',
    coversBody: false,
    time: null,
  },
  'alertmanager with a password': {
    scheme: { preset: 'alertmanager' },
    secret: 'pass:word-of-alertmanager',
    other: 'password-of-another',
    headers: { authorization: `basic ${Buffer.from('alerts:pass:word-of-alertmanager').toString('base64')}` },
    proof: 'authorization',
    coversBody: false,
    time: null,
  },
  'hmac over the body': {
    scheme: hmac({ header: 'x-sum', prefix: 'sha256=', algorithm: 'sha256', encoding: 'hex', signed: 'body' }),
    secret: SECRET,
    other: OTHER,
    headers: { 'x-sum': 'sha256=f61529e481fb2b477ee8e4370206584d87e6cc14786c8db68ce9d00de4758988' },
    proof: 'x-sum',
    coversBody: true,
    time: null,
  },
  'hmac over time and body': {
    scheme: hmac({
      header: 'x-sum',
      algorithm: 'sha512',
      encoding: 'base64',
      signed: 'timestamp.body',
      timestamp_header: 'x-time',
    }),
    secret: SECRET,
    other: OTHER,
    headers: {
      'x-time': String(NOW),
      'x-sum': 'AwslIJTrhKk/wufUAVR1EwwN8epkR3TRYOMJqLJSvcB/1TioTeZHAExMrTHUQLALezavtCYpDL2WdNhZkT+89w==',
    },
    proof: 'x-sum',
    coversBody: true,
    time: 'x-time',
  },
  'hmac over id, time and body': {
    scheme: hmac({
      header: 'x-sum',
      algorithm: 'sha256',
      encoding: 'hex',
      signed: 'id.timestamp.body',
      timestamp_header: 'x-time',
      id_header: 'x-id',
    }),
    secret: SECRET,
    other: OTHER,
    headers: {
      'x-id': 'd-1',
      'x-time': String(NOW),
      'x-sum': '5ec803636a3323afb7b257abfe5ee83b96c0716d567914a9edf0a7bee2331601',
    },
    proof: 'x-sum',
    coversBody: true,
    time: 'x-time',
  },
  bearer: {
    scheme: { preset: 'bearer' },
    secret: 'token-of-a-sender',
    other: 'token-of-another',
    headers: { authorization: 'bearer token-of-a-sender' },
    proof: 'authorization',
    coversBody: false,
    time: null,
  },
  'bearer in a header of its own': {
    scheme: { preset: 'bearer', settings: { header: 'x-key' } },
    secret: 'token-of-a-sender',
    other: 'token-of-another',
    headers: { 'x-key': 'token-of-a-sender' },
    proof: 'x-key',
    coversBody: false,
    time: null,
  },
};

/** A request: the one of a vector, with changes. */
interface Attempt {
  headers?: Record<string, string | string[] | undefined>;
  body?: string | Uint8Array;
  secrets?: string[];
  /** Seconds after NOW. */
  after?: number;
  tolerance?: number;
}

function attempt({ scheme, secret, headers }: Vector, changes: Attempt = {}) {
  const { secrets = [secret], after = 0, tolerance = 300, body = BODY } = changes;
  const sent = Object.entries({ ...headers, ...changes.headers }).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, [value].flat()] as const],
  );
  const whole = { preset: scheme.preset, settings: scheme.settings ?? {}, tolerance };
  return verify(whole, secrets, new Map(sent), Buffer.from(body), (NOW + after) * 1000).refusal;
}

const vectors = Object.entries(VECTORS).map(([name, vector]) => ({ name, vector }));
const signing = vectors.filter(({ vector }) => vector.coversBody);
const dated = vectors.filter(({ vector }) => vector.time !== null);
const vectorOf = (name: string) => VECTORS[name]!;

describe.each(vectors)('$name', ({ vector }) => {
  const { proof, secret, other, headers } = vector;

  it('accepts what its sender has sent', () => {
    expect(attempt(vector)).toBeNull();
  });

  it('accepts either of two secrets, in either order', () => {
    expect([attempt(vector, { secrets: [other, secret] }), attempt(vector, { secrets: [secret, other] })]).toEqual([
      null,
      null,
    ]);
  });

  it('refuses another secret, one that only begins alike, and everything without a secret', () => {
    for (const secrets of [[other], [other, `${other}x`], [secret.slice(0, -2)], []]) {
      expect(attempt(vector, { secrets }), secrets.join()).not.toBeNull();
    }
  });

  it('refuses a request without its proof, and with an empty one', () => {
    expect(attempt(vector, { headers: { [proof]: undefined } })).toBe('missing_header');
    expect(attempt(vector, { headers: { [proof]: '' } })).toBe('malformed');
  });

  it('refuses two different values of each header that it reads, but not the same one twice', () => {
    for (const [name, value] of Object.entries(headers)) {
      expect(attempt(vector, { headers: { [name]: [value, `${value}0`] } }), name).toBe('malformed');
      expect(attempt(vector, { headers: { [name]: [`${value}0`, value] } }), name).toBe('malformed');
      expect(attempt(vector, { headers: { [name]: [value, value] } }), name).toBeNull();
    }
  });

  it('refuses any other proof', () => {
    const text = fc.oneof(fc.string(), fc.base64String());
    fc.assert(
      fc.property(text, (value) => {
        fc.pre(value !== headers[proof]);
        expect(attempt(vector, { headers: { [proof]: value } })).not.toBeNull();
      }),
      { numRuns: 50 },
    );
  });
});

it.each(signing)('a body that differs in one byte or in whitespace is refused: $name', ({ vector }) => {
  const bytes = [...Buffer.from(BODY).keys()];
  const changed = bytes.map((at) => {
    const copy = Buffer.from(BODY);
    copy[at] = copy[at]! ^ 1;
    return copy;
  });
  for (const body of [...changed, `${BODY} `, ` ${BODY}`, `${BODY}\n`, BODY.replace(':', ': '), '']) {
    expect(attempt(vector, { body }), String(body)).toBe('mismatch');
  }
});

it.each(dated)('a time is refused outside of the tolerance, in both directions: $name', ({ vector }) => {
  const at = (after: number, tolerance: number) => attempt(vector, { after, tolerance });
  expect([at(300, 300), at(-300, 300), at(30, 30)]).toEqual([null, null, null]);
  expect([at(301, 300), at(-301, 300), at(31, 30), at(100_000_000, 3_600)]).toEqual(Array(4).fill('stale'));
});

it.each(dated)('another time is not the signed one, and no other text is a time: $name', ({ vector }) => {
  const { time, headers } = vector;
  const dating = (text: string) => ({ headers: { [time!]: headers[time!]!.replace(String(NOW), text) } });
  expect(attempt(vector, dating(String(NOW + 1)))).toBe('mismatch');
  for (const text of ['', 'now', `${NOW}.0`, `-${NOW}`, `+${NOW}`, ` ${NOW}`, '0x10', '1e9', 'NaN', `${NOW}000`]) {
    expect(attempt(vector, dating(text)), text).toBe('malformed');
  }
});

it('a request of one scheme is none of another', () => {
  for (const { name, vector } of vectors) {
    for (const { name: foreign, vector: other } of vectors) {
      if (other.scheme.preset === vector.scheme.preset) continue;
      // Both sign alike with a key.
      if ([name, foreign].every((each) => /^standard-webhooks|^gitlab with a key/.test(each))) continue;
      const all = {
        ...Object.fromEntries(Object.keys(vector.headers).map((key) => [key, undefined])),
        ...other.headers,
      };
      expect(attempt(vector, { headers: all }), `${foreign} at ${name}`).not.toBeNull();
    }
  }
});

describe('the signatures of one request', () => {
  it('count if any of them is right, in any order', () => {
    const wrong = `v1,${Buffer.alloc(32).toString('base64')}`;
    const right = vectorOf('standard-webhooks').headers['webhook-signature']!;
    for (const list of [`${wrong} ${right}`, `${right} ${wrong}`, `v1a,x ${right}`, `v2,x ${right}`]) {
      expect(attempt(vectorOf('standard-webhooks'), { headers: { 'webhook-signature': list } }), list).toBeNull();
    }
    const { headers } = vectorOf('stripe');
    const [time, one] = headers['stripe-signature']!.split(',') as [string, string];
    const signatures = { 'stripe-signature': `${time},v1=${'0'.repeat(64)},${one}` };
    expect(attempt(vectorOf('stripe'), { headers: signatures })).toBeNull();
  });

  it('are at most ten', () => {
    const right = vectorOf('standard-webhooks').headers['webhook-signature']!;
    const wrong = Array(10).fill(`v1,${Buffer.alloc(32).toString('base64')}`);
    const sent = (list: string[]) =>
      attempt(vectorOf('standard-webhooks'), { headers: { 'webhook-signature': list.join(' ') } });
    expect([sent([...wrong.slice(1), right]), sent([...wrong, right])]).toEqual([null, 'malformed']);
  });

  it('of Stripe have one time', () => {
    const header = vectorOf('stripe').headers['stripe-signature']!;
    for (const sent of [`t=${NOW + 1},${header}`, `${header},t=${NOW}`, header.replace(/^t=\d+,/, '')]) {
      expect(attempt(vectorOf('stripe'), { headers: { 'stripe-signature': sent } }), sent).toBe('malformed');
    }
  });
});

it('GitHub’s SHA-1 signature never counts', () => {
  const sha1 = { 'x-hub-signature': 'sha1=a6751c2df45ff9f8abe12ca6b8a01a52b999404a' };
  expect(attempt(vectorOf('github'), { headers: { 'x-hub-signature-256': undefined, ...sha1 } })).toBe(
    'missing_header',
  );
  expect(attempt(vectorOf('github'), { headers: { 'x-hub-signature-256': sha1['x-hub-signature'] } })).toBe(
    'malformed',
  );
});

it('GitHub’s own example is accepted', () => {
  const headers = { 'x-hub-signature-256': 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17' };
  const secrets = ["It's a Secret to Everybody"];
  expect(attempt(vectorOf('github'), { headers, secrets, body: 'Hello, World!' })).toBeNull();
});

it('GitLab’s secrets of both kinds hold at once while one replaces the other', () => {
  const secrets = [KEY, 'token-of-gitlab'];
  expect(attempt(vectorOf('gitlab with a token'), { secrets })).toBeNull();
  expect(attempt(vectorOf('gitlab with a key'), { secrets })).toBeNull();
  // A key is no token.
  expect(attempt(vectorOf('gitlab with a token'), { secrets: [KEY], headers: { 'x-gitlab-token': KEY } })).toBe(
    'missing_header',
  );
});

it('an id with a dot is refused, since the time and the body could begin elsewhere', () => {
  const headers = {
    'webhook-id': 'msg.1',
    'webhook-signature': new Webhook(KEY).sign('msg.1', new Date(NOW * 1000), BODY),
  };
  expect(attempt(vectorOf('standard-webhooks'), { headers })).toBe('malformed');
  const settings = { header: 'x-sum', algorithm: 'sha256', encoding: 'hex', signed: 'id.timestamp.body' } as const;
  const scheme = { ...hmac({ ...settings, timestamp_header: 'x-time', id_header: 'x-id' }), tolerance: 300 };
  const signature = (id: string) => createHmac('sha256', SECRET).update(`${id}.${NOW}.${BODY}`).digest('hex');
  const verdict = (id: string) => {
    const sent = Object.entries({ 'x-sum': signature(id), 'x-time': String(NOW), 'x-id': id });
    const headers: HookHeaders = new Map(sent.map(([name, value]) => [name, [value]]));
    return verify({ ...scheme, settings: scheme.settings! }, [SECRET], headers, Buffer.from(BODY), NOW * 1000);
  };
  expect([verdict('a1'), verdict('a.1')]).toEqual([
    { refusal: null, id: 'a1' },
    { refusal: 'malformed', id: null },
  ]);
});

it('the body is verified as bytes, not as text', () => {
  const body = Buffer.from([0xff, 0xfe, 0x00, 0x80]);
  const scheme = vectorOf('hmac over the body');
  // Made by Python: hmac.new(b'a secret of eight or more', b'\xff\xfe\x00\x80', 'sha256').
  const headers = { 'x-sum': 'sha256=7e1b02766caeee2b1ed045a0bf2530c93db00400e9f2f6e7544fd90dd6a294a5' };
  expect(attempt(scheme, { body, headers })).toBeNull();
  expect(attempt(scheme, { body: Buffer.from(body.toString()), headers })).toBe('mismatch');
});

it('the preset that verifies nothing accepts everything', () => {
  const none: WebhookScheme = { preset: 'none', settings: {}, tolerance: 300 };
  const headers: HookHeaders = new Map();
  expect(verify(none, [], headers, Buffer.from(BODY), 0)).toEqual({ refusal: null, id: null });
});

it('the delivery id is proven where it is signed, and only by the secret that has signed it', () => {
  const signed = {
    'webhook-id': 'msg-1',
    'webhook-timestamp': String(NOW),
    'webhook-signature': new Webhook(KEY).sign('msg-1', new Date(NOW * 1000), BODY),
    'x-gitlab-token': SECRET,
  };
  const headers: HookHeaders = new Map(Object.entries(signed).map(([name, value]) => [name, [value]]));
  const scheme: WebhookScheme = { preset: 'gitlab', settings: {}, tolerance: 300 };
  const idOf = (...secrets: string[]) => verify(scheme, secrets, headers, Buffer.from(BODY), NOW * 1000);
  const other = vectorOf('standard-webhooks').other;
  expect([idOf(KEY), idOf(KEY, SECRET), idOf(SECRET), idOf(other, SECRET), idOf(other)]).toEqual([
    { refusal: null, id: 'msg-1' },
    { refusal: null, id: 'msg-1' },
    { refusal: null, id: null },
    { refusal: null, id: null },
    { refusal: 'mismatch', id: null },
  ]);
});
