import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CONTROL_SIGNAL } from '../../../model/control.ts';
import { DECISION_SIGNAL } from '../../../model/inquiry.ts';
import { createSealer } from '../../../service/access/sealer.ts';
import { callTool } from '../faces/mcp-call.ts';
import { type Answer, type ApiHarness, createApiHarness, DEV_KEY, SECRET_KEY } from '../support/api-harness.ts';
import { until } from '../support/until.ts';

// Ways around a question: each is refused, and the run has not moved.

let harness: ApiHarness;
const keys: Record<string, string> = { dev: DEV_KEY };
beforeAll(async () => {
  harness = await createApiHarness('ways-around');
  for (const subject of ['alice', 'boss']) {
    keys[subject] = (await harness.call('POST', '/api/v1/keys', { subject, roles: ['operator'] })).body.data.key;
  }
  await harness.call('POST', '/api/v1/workflows', {
    ref: 'examples.guarded',
    pack_ref: 'examples',
    label: 'Guarded',
    version: '1.0.0',
    definition: {
      start: ['ask', 'wait'],
      tasks: [
        { name: 'ask', action: 'core.inquiry', input: { approvers: ['boss'] }, on_success: 'deploy' },
        { name: 'deploy', action: 'core.transform', input: { data: '{{ ask.output }}' } },
        { name: 'wait', action: 'core.wait_signal', input: { name: '{{ parameters.name }}' } },
      ],
    },
  });
});
afterAll(() => harness.close());

const as = (who: string, method: string, path: string, body?: unknown) =>
  harness.call(method, path, body, { 'x-api-key': keys[who]! });

/** A run of alice's that asks boss and waits for a signal whose name a template gives. */
async function guarded(name = 'go'): Promise<{ run: number; workflow: string; inquiry: string }> {
  const started = await as('alice', 'POST', '/api/v1/executions', {
    workflow: 'examples.guarded',
    parameters: { name },
  });
  const { id: run, workflow_id: workflow } = started.body.data;
  const { body } = await until(
    () => as('boss', 'GET', `/api/v1/executions/${run}/inquiries`),
    (answer) => answer.body.data.length > 0,
  );
  return { run, workflow, inquiry: body.data[0].id };
}

describe('a signal with a reserved name', () => {
  const sealer = createSealer([SECRET_KEY], 'signal');
  const forged = {
    id: 'forged-1',
    inquiry: 'ask',
    option: 'approve',
    by: 'boss',
    names: ['boss'],
    groups: [],
    channel: 'api',
    at: '2026-11-28T03:42:04Z',
  };
  const skip = { id: 'c1', by: 'boss', what: 'skip', key: 'ask', output: {}, reason: null };
  type Sent = { run: number; workflow: string };
  const codeOf = ({ status, body }: Answer) => `${status} ${body.code}`;
  const WAYS: [string, (sent: Sent, name: string, payload: object) => Promise<string>][] = [
    [
      'REST',
      async ({ run }, name, payload) =>
        codeOf(await as('alice', 'POST', `/api/v1/executions/${run}/signal`, { name, payload })),
    ],
    [
      'MCP',
      async ({ workflow: id }, name, payload) => {
        const { error } = await callTool(harness.api.url, keys.alice!, 'signal_execution', { id, name, payload });
        return `400 ${error?.code}`;
      },
    ],
    [
      'a token to be issued',
      async ({ run }, name, payload) =>
        codeOf(await as('alice', 'POST', `/api/v1/executions/${run}/signal/token`, { name, payload })),
    ],
    ...(['/execution', '/api/v1/execution'] as const).flatMap((prefix) =>
      (['GET', 'POST'] as const).map((method): (typeof WAYS)[number] => [
        `a token sealed before the rule, ${method} ${prefix}`,
        async ({ workflow }, name, payload) => {
          const token = await sealer.seal({
            specversion: '1.0',
            id: `${method}${prefix}`,
            type: 'io.fermata.signal',
            subject: name,
            data: payload,
            source: `/executions/${workflow}`,
            time: new Date().toISOString(),
            datacontenttype: 'application/json',
            fermatarun: workflow,
            fermataaudience: 'alice',
            fermatatenant: (await harness.api.principals.authenticate(DEV_KEY)).tenant,
            fermataexpires: new Date(Date.now() + 60_000).toISOString(),
          } as never);
          return codeOf(await as('alice', method, `${prefix}/${workflow}/signal?input=${encodeURIComponent(token)}`));
        },
      ]),
    ),
  ];
  const SIGNALS: [string, object][] = [
    [DECISION_SIGNAL, forged],
    [CONTROL_SIGNAL, skip],
    ['__fermata_trust', {}],
    ['__', {}],
  ];

  it('is refused by every way in, and the run has not moved', async () => {
    const sent = await guarded();
    for (const [way, send] of WAYS) {
      for (const [name, payload] of SIGNALS) {
        expect(await send(sent, name, payload), `${way} ${name}`).toBe('400 request_invalid');
      }
    }
    const { data } = (await as('boss', 'GET', `/api/v1/executions/${sent.run}`)).body;
    const [question] = (await as('boss', 'GET', `/api/v1/executions/${sent.run}/inquiries`)).body.data;
    expect([data.status, data.signals, question.status, question.decisions]).toEqual(['running', [], 'pending', []]);
    // The same ways are open for other names, even for one with a single underscore.
    const allowed = await as('alice', 'POST', `/api/v1/executions/${sent.run}/signal`, { name: '_go' });
    expect(allowed.status).toBe(202);
  });

  it('cannot be awaited: neither as written nor as rendered', async () => {
    const written = await harness.call('POST', '/api/v1/workflows/validate', {
      definition: { tasks: [{ name: 'w', action: 'core.wait_signal', input: { name: DECISION_SIGNAL } }] },
    });
    expect(written.body.data.issues).toMatchObject([{ code: 'input_invalid', path: '/definition/tasks/0/input/name' }]);
    const { run } = await guarded(DECISION_SIGNAL);
    const { data } = (await as('boss', 'GET', `/api/v1/executions/${run}`)).body;
    expect(data.tasks.find(({ name }: { name: string }) => name === 'wait')).toMatchObject({
      status: 'failed',
      error: { type: 'input_invalid' },
    });
    const bare = await as('alice', 'POST', '/api/v1/executions', {
      action_ref: 'core.wait_signal',
      parameters: { name: '__fermata_control' },
      wait: 60,
    });
    const ended = (await as('alice', 'GET', `/api/v1/executions/${bare.body.data.id}`)).body.data;
    expect([ended.status, ended.tasks[0].error.type]).toEqual(['failed', 'input_invalid']);
  });
});

describe('a skip of a question', () => {
  it('withdraws it, whoever skips, and cannot bring an answer', async () => {
    const { run } = await guarded();
    const skip = (who: string, body: object) => as(who, 'POST', `/api/v1/executions/${run}/tasks/ask/skip`, body);
    const output = { outcome: 'approve', option: 'approve', decided_by: ['boss'] };
    for (const who of ['alice', 'boss', 'dev']) {
      const refused = await skip(who, { output });
      expect([who, refused.status, refused.body.code]).toEqual([who, 422, 'skip_output_refused']);
    }
    const [open] = (await as('boss', 'GET', `/api/v1/executions/${run}/inquiries`)).body.data;
    expect(open.status).toBe('pending');
    expect((await skip('alice', { reason: 'wrong build' })).status).toBe(202);
    const { tasks } = await until(
      async () => (await as('boss', 'GET', `/api/v1/executions/${run}`)).body.data,
      (found) =>
        found.tasks.some(({ name, status }: { name: string; status: string }) => name === 'ask' && status === 'failed'),
    );
    const ask = tasks.find(({ name }: { name: string }) => name === 'ask');
    expect([ask.status, ask.error.type, ask.error.message]).toEqual([
      'failed',
      'withdrawn',
      'withdrawn by alice: wrong build',
    ]);
    expect(tasks.some(({ name }: { name: string }) => name === 'deploy')).toBe(false);
    const [question] = (await as('boss', 'GET', `/api/v1/executions/${run}/inquiries`)).body.data;
    expect([question.status, question.votes]).toEqual(['cancelled', []]);
  });
});

describe('an override', () => {
  it('decides in place of those who are asked, by an admin who is no starter, and is marked and told as one', async () => {
    const { run, inquiry: id } = await guarded();
    const override = (who: string, body: object) => as(who, 'POST', `/api/v1/inquiries/${id}/override`, body);
    const body = { option: 'approve', reason: 'boss is away' };
    keys.rob = (
      await harness.call('POST', '/api/v1/keys', { subject: 'rob', roles: ['admin'], kind: 'service' })
    ).body.data.key;
    keys.own = (await harness.call('POST', '/api/v1/keys', { subject: 'Alice', roles: ['admin'] })).body.data.key;
    for (const [who, code] of [
      ['boss', 'forbidden'],
      ['rob', 'person_required'],
      ['own', 'self_approval'],
    ] as const) {
      expect([who, (await override(who, body)).body.code]).toEqual([who, code]);
    }
    expect((await override('dev', { option: 'approve' })).body.code).toBe('request_invalid');
    const [open] = (await as('boss', 'GET', `/api/v1/executions/${run}/inquiries`)).body.data;
    expect([open.status, open.decisions]).toEqual(['pending', []]);
    const done = await override('dev', { ...body, bound_to: open.bound_to });
    expect([done.status, done.body.result, done.body.data.votes]).toMatchObject([
      ...[200, 'decided', [{ by: 'dev', comment: 'boss is away', override: true }]],
    ]);
    const audit = (await harness.call('GET', '/api/v1/audit?limit=10')).body.data;
    const rows = audit.filter(({ target }: { target: string }) => target === id);
    expect(
      rows.map(({ subject, operation, details }: Record<string, { result?: string }>) => [
        subject,
        operation,
        details?.result,
      ]),
    ).toEqual([
      ['dev', 'inquiry.override', 'decided'],
      ['Alice', 'inquiry.override', 'self_approval'],
      ['rob', 'inquiry.override', 'person_required'],
    ]);
  });
});

describe('starters', () => {
  /** Answers who may decide a question of a run: each of some people in turn, the last of whom decides. */
  async function answersOf(run: number, people: string[]): Promise<string[]> {
    const { body } = await until(
      () => as('dev', 'GET', `/api/v1/executions/${run}/inquiries`),
      (answer) => answer.body.data?.length > 0,
    );
    const answers: string[] = [];
    for (const who of people) {
      const answer = await as(who, 'POST', `/api/v1/inquiries/${body.data[0].id}/respond`, { option: 'approve' });
      answers.push(`${who} ${answer.body.code ?? answer.body.result}`);
    }
    return answers;
  }
  const store = (name: string, definition: object) =>
    harness.call('POST', '/api/v1/workflows', {
      ref: `examples.${name}`,
      pack_ref: 'examples',
      label: 'x',
      version: '1.0.0',
      definition,
    });

  it('of a scheduled run are who made the schedule, and who had it start', async () => {
    await store('open', { tasks: [{ name: 'ask', action: 'core.inquiry' }] });
    const body = { workflow: 'examples.open', spec: { every: 86_400 }, overlap: 'allow_all' };
    const made = await as('dev', 'POST', '/api/v1/schedules', { id: 's1', paused: true, ...body });
    expect(made.status).toBe(201);
    const seen = new Set<number>();
    const next = async () => {
      const { recent } = await until(
        async () => (await as('dev', 'GET', '/api/v1/schedules/s1')).body.data,
        (schedule) => schedule.recent.some(({ execution }: { execution: number }) => !seen.has(execution)),
      );
      const run = recent.map(({ execution }: { execution: number }) => execution).find((id: number) => !seen.has(id));
      seen.add(run);
      return run;
    };
    expect((await as('boss', 'POST', '/api/v1/schedules/s1/trigger', { overlap: 'allow_all' })).status).toBe(202);
    expect(await answersOf(await next(), ['dev', 'boss', 'alice'])).toEqual([
      ...['dev self_approval', 'boss self_approval', 'alice decided'],
    ]);
    // Who changes it takes the place of who made it, and of who had it start before.
    expect((await as('alice', 'PUT', '/api/v1/schedules/s1', { paused: true, ...body })).status).toBe(200);
    const times = { start: '2026-01-01T12:00:00Z', end: '2026-01-02T12:00:00Z', overlap: 'allow_all' };
    expect((await as('dev', 'POST', '/api/v1/schedules/s1/backfill', times)).status).toBe(202);
    expect(await answersOf(await next(), ['alice', 'dev', 'boss'])).toEqual([
      ...['alice self_approval', 'dev self_approval', 'boss decided'],
    ]);
    await as('dev', 'DELETE', '/api/v1/schedules/s1');
  });

  it('of what follows a failure are all starters of the run that has failed, which are those of the run that it retries', async () => {
    await store('told', {
      tasks: [{ name: 'ask', action: 'core.inquiry', input: { prompt: 'after {{ parameters.execution }}' } }],
    });
    await store('fails', {
      on_failure: 'examples.told',
      tasks: [{ name: 'a', action: 'core.fail', input: { message: 'x' } }],
    });
    const first = (await as('alice', 'POST', '/api/v1/executions', { workflow: 'examples.fails', wait: 60 })).body.data;
    const retried = (await as('boss', 'POST', `/api/v1/executions/${first.id}/retry`, { from: 'start' })).body.data;
    const { body } = await until(
      () => as('dev', 'GET', '/api/v1/inquiries?status=pending'),
      (answer) => answer.body.data.some(({ prompt }: { prompt: string }) => prompt === `after ${retried.id}`),
    );
    const found = body.data.find(({ prompt }: { prompt: string }) => prompt === `after ${retried.id}`);
    expect(await answersOf(found.execution, ['alice', 'boss', 'dev'])).toEqual([
      ...['alice self_approval', 'boss self_approval', 'dev decided'],
    ]);
  });

  it('of a run that a rule begins are who posted the event and all who wrote what is in force, also by an agent', async () => {
    await store('ruled', { tasks: [{ name: 'ask', action: 'core.inquiry' }] });
    for (const [subject, rest] of [
      ['writer', { roles: ['admin'] }],
      ['owner', { roles: ['operator'] }],
      ['bot', { roles: ['admin'], kind: 'agent', on_behalf_of: 'owner' }],
      ['poster', { roles: ['operator'] }],
      ['sender', { roles: ['operator'], kind: 'agent', on_behalf_of: 'poster' }],
    ] as const) {
      keys[subject] = (await harness.call('POST', '/api/v1/keys', { subject, ...rest })).body.data.key;
    }
    const rule = {
      ref: 'examples.begins',
      pack_ref: 'examples',
      label: 'Begins',
      type: 'com.example.asked',
      when: "event.subject == 'x'",
      workflow: 'examples.ruled',
    };
    const put = (who: string, body: object) => as(who, 'PUT', '/api/v1/rules/examples.begins', body);
    const begin = async () => {
      const posted = await as('sender', 'POST', '/api/v1/events', { type: rule.type, subject: 'x' });
      const { body } = await until(
        () => as('dev', 'GET', `/api/v1/executions?event=${posted.body.data.id}`),
        (answer) => answer.body.data.length > 0,
      );
      return body.data[0].id;
    };
    const barred = (who: string) => `${who} self_approval`;
    const agents = ['bot person_required', 'sender person_required'];

    expect((await as('bot', 'POST', '/api/v1/rules', rule)).status).toBe(201);
    expect(await answersOf(await begin(), ['bot', 'sender', 'owner', 'poster', 'writer'])).toEqual([
      ...[...agents, barred('owner'), barred('poster'), 'writer decided'],
    ]);
    // Whoever changes a label, or a part of the content, is an author like those before.
    expect((await put('writer', { label: 'Other' })).status).toBe(200);
    expect((await put('dev', { when: "event.subject != 'z'" })).status).toBe(200);
    expect(await answersOf(await begin(), ['owner', 'poster', 'writer', 'dev', 'alice'])).toEqual([
      ...[barred('owner'), barred('poster'), barred('writer'), barred('dev'), 'alice decided'],
    ]);
    // Whoever writes all of its content anew is its only author.
    const { ref: _, pack_ref: __, ...whole } = rule;
    expect((await put('dev', { ...whole, when: "event.subject != 'y'" })).status).toBe(200);
    expect(await answersOf(await begin(), ['poster', 'dev', 'owner'])).toEqual([
      ...[barred('poster'), barred('dev'), 'owner decided'],
    ]);
  });
});
