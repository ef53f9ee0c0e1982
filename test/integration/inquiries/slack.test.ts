import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type ApiHarness, createApiHarness, DEV_KEY } from '../support/api-harness.ts';
import { until } from '../support/until.ts';
import { APP, click, type SlackMessage, type SlackServer, signed, startSlackServer, submit } from './slack-server.ts';

let harness: ApiHarness;
let slack: SlackServer;
const keys: Record<string, string> = { dev: DEV_KEY };
beforeAll(async () => {
  slack = await startSlackServer();
  harness = await createApiHarness('slack', { access: { chat: { slack: slack.settings } } });
  for (const subject of ['ann', 'bob@example.com', 'looker']) {
    const roles = subject === 'looker' ? ['viewer'] : ['operator'];
    keys[subject] = (await harness.call('POST', '/api/v1/keys', { subject, roles })).body.data.key;
  }
  await harness.call('POST', '/api/v1/aliases', { subject: 'ann', kind: 'slack', value: 'T0TEAM/UANN' });
  await harness.call('POST', '/api/v1/aliases', { subject: 'looker', kind: 'slack', value: 'T0TEAM/ULOOK' });
  Object.assign(slack.people, {
    UANN: {},
    UBOB: { email: 'Bob@Example.com', is_email_confirmed: true },
    UNCONFIRMED: { email: 'bob@example.com', is_email_confirmed: false },
    UGUEST: { email: 'bob@example.com', is_email_confirmed: true, is_restricted: true },
    USTRANGER: { email: 'bob@example.com', is_email_confirmed: true, is_stranger: true },
    UOTHER: { email: 'bob@example.com', is_email_confirmed: true, team_id: 'T0OTHER' },
    UNOBODY: { email: 'nobody@example.com', is_email_confirmed: true },
    ULOOK: {},
    UDEV: { email: 'dev@example.com', is_email_confirmed: true },
  });
  await harness.call('POST', '/api/v1/aliases', { subject: 'dev', kind: 'email', value: 'dev@example.com' });
  await harness.call('POST', '/api/v1/workflows', {
    ref: 'examples.ask',
    pack_ref: 'examples',
    label: 'x',
    version: '1.0.0',
    definition: {
      tasks: [
        { name: 'ask', action: 'core.inquiry', input: '{{ parameters }}', on_success: 'deploy', on_failure: 'noop' },
        { name: 'deploy', action: 'core.transform', input: { data: { version: '{{ details | default("none") }}' } } },
      ],
    },
  });
});
afterAll(async () => {
  await harness.close();
  await slack.close();
});
beforeEach(() => {
  slack.ephemeral.length = 0;
  slack.views.length = 0;
  slack.trouble.down = false;
});

let channels = 0;

/** A run that asks in a separate channel, and its message. */
async function ask(parameters: object = {}): Promise<{ run: number; channel: string; message: SlackMessage }> {
  channels += 1;
  const channel = `#ops${channels}`;
  const started = await harness.call('POST', '/api/v1/executions', {
    workflow: 'examples.ask',
    parameters: { prompt: 'Deploy?', notify: { slack: { channel } }, ...parameters },
  });
  const message = await until(
    async () => slack.messages.find((each) => each.channel === `C${channel}`),
    (found) => found !== undefined,
  );
  return { run: started.body.data.id, channel, message: message! };
}

async function post({ body, headers }: ReturnType<typeof signed>): Promise<{ status: number; text: string }> {
  const response = await fetch(`${harness.api.url}/api/v1/chat/slack/interactions`, { method: 'POST', body, headers });
  const text = await response.text();
  return { status: response.status, text };
}

const press = (message: SlackMessage, option: string, user: string, rest?: object) =>
  post(signed(click(message, option, user, rest)));
const inquiryOf = async (run: number) =>
  (await harness.call('GET', `/api/v1/executions/${run}/inquiries`)).body.data[0];
const ended = (run: number) =>
  until(
    () => inquiryOf(run),
    ({ status }) => status !== 'pending',
  );
const told = (user: string) =>
  until(
    async () => slack.ephemeral.find((each) => each.user === user)?.text,
    (text) => text !== undefined,
  );
const textsOf = (message: SlackMessage) => JSON.stringify(message.blocks);

describe('a question in Slack', () => {
  it('shows what is asked and what will run; a click decides, and the message is locked', async () => {
    const { run, message } = await ask({ details: 'v1.2 <@here> *now*' });
    expect(message.text).toBe('Deploy?');
    for (const text of [
      'Deploy?',
      'v1.2 <@here> *now*',
      'Approval runs deploy (core.transform)',
      'examples.ask · started by dev',
    ]) {
      expect(textsOf(message)).toContain(text);
    }
    const { status, text } = await press(message, 'approve', 'UANN');
    expect([status, text]).toEqual([200, '']);
    const inquiry = await ended(run);
    expect([inquiry.status, inquiry.votes[0].by, inquiry.votes[0].channel]).toEqual(['approved', 'ann', 'slack']);
    await until(
      async () => message.edits,
      (edits) => edits > 0,
    );
    expect(message.blocks.some(({ type }) => type === 'actions')).toBe(false);
    expect(textsOf(message)).toContain('approve by ann');
    expect(textsOf(message)).toContain('Approved at');
    // The result of the click is in Temporal's history.
    const { data } = (await harness.call('GET', `/api/v1/executions/${run}/history`)).body;
    const signal = data.find(({ event_type }: { event_type: string }) => event_type === 'WorkflowExecutionSignaled');
    expect(JSON.stringify(signal.attributes)).toContain('"channel":"slack"');
    // The message may be locked before the click has been noted.
    const audit = await until(
      async () => (await harness.call('GET', '/api/v1/audit?subject=ann&limit=1')).body.data,
      (rows) => rows.length > 0,
    );
    expect(audit[0]).toMatchObject({
      operation: 'inquiry.respond',
      subject: 'ann',
      details: { channel: 'slack', option: 'approve', result: 'decided' },
    });
  });

  it('asks once more before it approves without a form, and says what will run', async () => {
    const { message } = await ask({ details: 'v1.2' });
    const { elements } = message.blocks.find(({ type }) => type === 'actions');
    const [approve, deny] = elements;
    expect(approve.confirm.text.text).toContain(
      'Approval runs deploy (core.transform): { "data": { "version": "v1.2" } }',
    );
    // A form asks once more by itself.
    expect(deny.confirm).toBeUndefined();
  });

  it('decides what was shown: a message of before a change does not count, and is replaced without anybody looking', async () => {
    await harness.call('POST', '/api/v1/workflows', {
      ref: 'examples.moving',
      pack_ref: 'examples',
      label: 'x',
      version: '1.0.0',
      definition: {
        start: ['ask', 'other'],
        tasks: [
          { name: 'ask', action: 'core.inquiry', input: '{{ parameters }}', on_success: 'deploy' },
          { name: 'other', action: 'core.wait_signal', input: { name: 'go' } },
          {
            name: 'deploy',
            action: 'core.transform',
            input: { data: '{{ (other.output if other is defined else "nothing") | default("nothing") }}' },
          },
        ],
      },
    });
    const started = await harness.call('POST', '/api/v1/executions', {
      workflow: 'examples.moving',
      parameters: { notify: { slack: { channel: '#moving' } } },
    });
    const run = started.body.data.id;
    const message = (await until(
      async () => slack.messages.find(({ channel }) => channel === 'C#moving'),
      (found) => found !== undefined,
    ))!;
    const old = [click(message, 'approve', 'UANN'), click(message, 'deny', 'UANN')];
    expect(textsOf(message)).not.toContain('DROP PROD');
    await harness.call('POST', `/api/v1/executions/${run}/signal`, { name: 'go', payload: 'DROP PROD' });
    await until(
      async () => textsOf(message),
      (texts) => texts.includes('DROP PROD'),
    );
    for (const payload of old) await post(signed(payload));
    expect(await told('UANN')).toContain('This was not counted');
    await until(
      async () => slack.ephemeral.length,
      (count) => count === 2,
    );
    // Nobody is asked for a reason for a decision that cannot count.
    expect(slack.views).toEqual([]);
    expect((await inquiryOf(run)).votes).toEqual([]);
    await press(message, 'approve', 'UANN');
    expect((await ended(run)).status).toBe('approved');
  });

  it('is asked of the tenant’s own app, by its connection; the settings serve the first tenant alone', async () => {
    const made = await harness.call('POST', '/api/v1/tenants', { ref: 'acme', label: 'Acme' });
    const { key } = (await harness.call('POST', '/api/v1/keys', { subject: 'eve', tenant: 'acme', roles: ['admin'] }))
      .body.data;
    const acme = (method: string, path: string, body?: unknown) =>
      harness.call(method, `/api/v1/${path}`, body, { 'x-api-key': key });
    expect(made.status).toBe(201);
    await acme('POST', 'packs', { ref: 'own', label: 'Own' });
    await acme('POST', 'workflows', {
      ref: 'own.ask',
      pack_ref: 'own',
      label: 'x',
      version: '1.0.0',
      definition: {
        tasks: [{ name: 'ask', action: 'core.inquiry', input: { notify: { slack: { channel: '#acme' } } } }],
      },
    });
    const run = (await acme('POST', 'executions', { workflow: 'own.ask' })).body.data.id;
    const deliveries = async () => (await acme('GET', `executions/${run}/inquiries`)).body.data[0]?.delivery;
    const [delivery] = await until(deliveries, (found) => found?.[0]?.state === 'not_set_up');
    expect(delivery.error).toBe('the connection slack/default is missing');
    const { botToken, apiUrl } = slack.settings;
    const connection = {
      settings: { api_url: apiUrl },
      secrets: { bot_token: botToken, signing_secret: 'the secret of Acme' },
    };
    expect((await acme('PUT', 'connections/slack/default', connection)).status).toBe(200);
    const second = (await acme('POST', 'executions', { workflow: 'own.ask' })).body.data.id;
    const message = (await until(
      async () => slack.messages.find(({ channel }) => channel === 'C#acme'),
      (found) => found !== undefined,
    ))!;
    await acme('POST', 'keys', { subject: 'bob@example.com', roles: ['operator'] });
    const payload = click(message, 'approve', 'UBOB');
    expect((await post(signed(payload))).status).toBe(401);
    expect((await post(signed(payload, { secret: 'the secret of Acme' }))).status).toBe(200);
    await until(
      async () => (await acme('GET', `executions/${second}/inquiries`)).body.data[0].status,
      (status) => status === 'approved',
    );
  });

  it('has no markup of others in it', async () => {
    const evil = '<!channel> <https://evil.example|Deploy> *bold* `code` </script>';
    const { message } = await ask({ prompt: evil, details: evil });
    expect(message.text).toBe('&lt;!channel&gt; &lt;https://evil.example|Deploy&gt; *bold* `code` &lt;/script&gt;');
    for (const block of message.blocks) expect(['rich_text', 'actions']).toContain(block.type);
  });

  it('asks for the form and a reason, checks it, and decides with both', async () => {
    const { run, message } = await ask({
      response_schema: {
        type: 'object',
        required: ['count', 'size'],
        properties: { count: { type: 'integer' }, size: { enum: ['small', 'large'] }, note: { type: 'string' } },
      },
    });
    await press(message, 'approve', 'UANN');
    const { view } = await until(
      async () => slack.views[0]!,
      (opened) => opened !== undefined,
    );
    expect(view.blocks.map(({ block_id: id }: { block_id?: string }) => id)).toEqual([
      ...[undefined, 'field:count', 'field:size', 'field:note', 'comment'],
    ]);
    expect(view.private_metadata).not.toContain('approve');
    const wrong = await post(signed(submit(view, 'UANN', { 'field:count': 'many', 'field:size': '"small"' })));
    expect(JSON.parse(wrong.text)).toMatchObject({
      response_action: 'errors',
      errors: { 'field:count': expect.any(String) },
    });
    const fields = { 'field:count': '3', 'field:size': '"large"', 'field:note': '7', comment: 'as agreed' };
    expect((await post(signed(submit(view, 'UANN', fields)))).text).toBe('');
    const inquiry = await ended(run);
    expect(inquiry.votes[0]).toMatchObject({ response: { count: 3, size: 'large', note: '7' }, comment: 'as agreed' });
  });

  it('asks who denies for a reason, and for no form', async () => {
    const { run, message } = await ask({ response_schema: { type: 'object', required: ['count'] } });
    await press(message, 'deny', 'UBOB');
    const { view } = await until(
      async () => slack.views[0]!,
      (opened) => opened !== undefined,
    );
    expect(view.blocks.map(({ block_id: id }: { block_id?: string }) => id)).toEqual([undefined, 'comment']);
    await post(signed(submit(view, 'UBOB', { comment: 'not on Friday' })));
    const inquiry = await ended(run);
    expect([inquiry.status, inquiry.votes[0].by, inquiry.votes[0].comment]).toEqual([
      'denied',
      'bob@example.com',
      'not on Friday',
    ]);
  });

  it('counts a quorum in the message, person by person', async () => {
    const { run, message } = await ask({ quorum: 2 });
    await press(message, 'approve', 'UANN');
    await until(
      async () => textsOf(message),
      (texts) => texts.includes('approve by ann'),
    );
    expect(message.blocks.some(({ type }) => type === 'actions')).toBe(true);
    await press(message, 'approve', 'UANN');
    expect(await told('UANN')).toContain('ann has decided already');
    await press(message, 'approve', 'UBOB');
    expect((await ended(run)).status).toBe('approved');
  });

  it('takes two deliveries of one click for one decision', async () => {
    const { run, message } = await ask({ quorum: 2 });
    const request = signed(click(message, 'approve', 'UANN'));
    await Promise.all([post(request), post(request), post(request)]);
    await until(
      () => inquiryOf(run),
      ({ votes }) => votes.length === 1,
    );
    await post(request);
    const inquiry = await inquiryOf(run);
    expect(inquiry.decisions).toHaveLength(1);
    expect(slack.ephemeral).toEqual([]);
  });

  describe('that nobody of these decides', () => {
    let question: Awaited<ReturnType<typeof ask>>;
    beforeAll(async () => {
      slack.trouble.down = false;
      question = await ask();
    });

    it.each([
      ['UGUEST', 'Guests'],
      ['USTRANGER', 'Guests'],
      ['UOTHER', 'Guests'],
      ['UNCONFIRMED', 'do not belong to anyone who can decide here'],
      ['UNOBODY', 'do not belong to anyone who can decide here'],
      ['ULOOK', 'looker may not decide'],
      ['UDEV', 'dev has started the run'],
    ])('is refused to %s, privately: %s', async (user, words) => {
      expect((await press(question.message, 'approve', user)).status).toBe(200);
      expect(await told(user)).toContain(words);
      expect((await inquiryOf(question.run)).decisions).toEqual([]);
    });

    it('and then the one who may decides', async () => {
      await press(question.message, 'approve', 'UANN');
      const { status, votes } = await ended(question.run);
      expect([status, votes.map(({ by }: { by: string }) => by)]).toEqual(['approved', ['ann']]);
    });
  });

  it('tells who presses before the place of the message is stored', async () => {
    const { run, message } = await ask();
    const delivered = () => inquiryOf(run);
    await until(delivered, ({ delivery }) => delivery[0]?.state === 'delivered');
    await harness.database.db.execute(
      sql`update notice_events set place = null where place->>'channel' = ${message.channel}`,
    );
    await press(message, 'approve', 'UGUEST');
    expect(await told('UGUEST')).toContain('Guests');
    await harness.call('POST', `/api/v1/executions/${run}/terminate`);
  });

  it('tells who is late, privately', async () => {
    const { run, message } = await ask();
    const late = click(message, 'approve', 'UBOB');
    await press(message, 'approve', 'UANN');
    await ended(run);
    await post(signed(late));
    expect(await told('UBOB')).toContain('approved already, by ann');
  });

  it('is withdrawn with its run: the message says so', async () => {
    const { run, message } = await ask();
    await harness.call('POST', `/api/v1/executions/${run}/cancel`);
    await until(
      async () => message.edits,
      (edits) => edits > 0,
    );
    expect(textsOf(message)).toContain('Withdrawn');
  });
});

describe('what comes to Slack’s route', () => {
  let question: Awaited<ReturnType<typeof ask>>;
  beforeAll(async () => {
    slack.trouble.down = false;
    question = await ask();
  });

  it.each<[string, (message: SlackMessage) => ReturnType<typeof signed> | object, number, string]>([
    [
      'is signed with another secret',
      (message) => signed(click(message, 'approve', 'UANN'), { secret: 'another secret' }),
      401,
      'unauthenticated',
    ],
    [
      'is older than five minutes',
      (message) => signed(click(message, 'approve', 'UANN'), { at: Date.now() / 1000 - 301 }),
      401,
      'unauthenticated',
    ],
    [
      'is from the future',
      (message) => signed(click(message, 'approve', 'UANN'), { at: Date.now() / 1000 + 3_600 }),
      401,
      'unauthenticated',
    ],
    [
      'has a changed body',
      (message) => ({
        ...signed(click(message, 'approve', 'UANN')),
        body: signed(click(message, 'deny', 'UANN')).body,
      }),
      401,
      'unauthenticated',
    ],
    [
      'has no signature',
      (message) => ({
        body: signed(click(message, 'approve', 'UANN')).body,
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
      }),
      401,
      'unauthenticated',
    ],
    [
      'is of another team',
      (message) => signed(click(message, 'approve', 'UANN', { team: { id: 'T0OTHER' } })),
      403,
      'forbidden',
    ],
    [
      'is of another app',
      (message) => signed(click(message, 'approve', 'UANN', { api_app_id: `${APP}X` })),
      403,
      'forbidden',
    ],
    [
      'has a foreign handle',
      (message) =>
        signed(
          click(message, 'approve', 'UANN', {
            actions: [{ action_id: 'decide:approve', value: 'e30.e30.e30', action_ts: '1' }],
          }),
        ),
      400,
      'token_invalid',
    ],
    ['is no JSON', () => signed('{', { raw: true }), 400, 'request_invalid'],
  ])('that %s decides nothing', async (_, make, status, code) => {
    const answer = await post(make(question.message) as ReturnType<typeof signed>);
    expect([answer.status, JSON.parse(answer.text).code]).toEqual([status, code]);
    expect((await inquiryOf(question.run)).decisions).toEqual([]);
  });

  it('and then the one who may decides', async () => {
    await press(question.message, 'approve', 'UANN');
    const { status, votes } = await ended(question.run);
    expect([status, votes.map(({ by }: { by: string }) => by)]).toEqual(['approved', ['ann']]);
  });

  it('is answered at once, and decided after that: fifty clicks while no worker is there', async () => {
    const asked = await Promise.all(Array.from({ length: 10 }, () => ask({ quorum: 2 })));
    await harness.stopWorker();
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        press(asked[index % 10]!.message, 'approve', Math.floor(index / 10) % 2 ? 'UANN' : 'UBOB'),
      ),
    );
    expect(answers.every(({ status }) => status === 200)).toBe(true);
    for (const { run } of asked) expect((await inquiryOf(run)).decisions).toEqual([]);
    await harness.startWorker();
    for (const { run } of asked) expect((await ended(run)).status).toBe('approved');
  });
});

describe('while Slack', () => {
  it('is down, the question is answered elsewhere, or goes out when Slack is back', async () => {
    slack.trouble.down = true;
    const parameters = (channel: string) => ({ notify: { slack: { channel } } });
    const start = async (channel: string) =>
      (await harness.call('POST', '/api/v1/executions', { workflow: 'examples.ask', parameters: parameters(channel) }))
        .body.data.id;
    const [first, second] = [await start('#down1'), await start('#down2')];
    const inquiry = await until(
      () => inquiryOf(first),
      (found) => found !== undefined,
    );
    await until(
      async () => slack.calls.filter((method) => method === 'chat.postMessage').length,
      (tries) => tries >= 2,
    );
    const headers = { 'x-api-key': keys.ann! };
    const answered = await harness.call(
      'POST',
      `/api/v1/inquiries/${inquiry.id}/respond`,
      { option: 'approve' },
      headers,
    );
    expect(answered.status).toBe(200);
    slack.trouble.down = false;
    const message = await until(
      async () => slack.messages.find(({ channel }) => channel === 'C#down2'),
      (found) => found !== undefined,
    );
    await press(message!, 'approve', 'UANN');
    expect((await ended(second)).status).toBe('approved');
  });

  it('limits the rate, what is to be said waits as long as it is told', async () => {
    slack.trouble.limited = 1;
    const before = Date.now();
    await ask();
    // Not before it was told to.
    expect(Date.now() - before).toBeGreaterThanOrEqual(1_000);
  });

  it('does not know the channel, nothing else waits for it', async () => {
    await harness.call('POST', '/api/v1/executions', {
      workflow: 'examples.ask',
      parameters: { notify: { slack: { channel: '#nowhere' } } },
    });
    const { message } = await ask();
    expect(message.text).toBe('Deploy?');
  });
});
