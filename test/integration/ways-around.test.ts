import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CONTROL_SIGNAL } from '../../model/control.ts';
import { DECISION_SIGNAL } from '../../model/inquiry.ts';
import { createSealer } from '../../service/sealer.ts';
import { type Answer, type ApiHarness, createApiHarness, DEV_KEY, SECRET_KEY } from './api-harness.ts';
import { until } from './until.ts';

// Ways around a question: each is refused, and the run has not moved.

let harness: ApiHarness;
const keys: Record<string, string> = { dev: DEV_KEY };
beforeAll(async () => {
  harness = await createApiHarness('ways-around');
  for (const subject of ['alice', 'boss']) {
    keys[subject] = (await harness.call('POST', '/api/v1/keys', { subject, roles: ['operator'] })).body.data.key;
  }
  await harness.call('POST', '/api/v1/workflows', {
    ...{ ref: 'examples.guarded', pack_ref: 'examples', label: 'Guarded', version: '1.0.0' },
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
    ...{ workflow: 'examples.guarded', parameters: { name } },
  });
  const { id: run, workflow_id: workflow } = started.body.data;
  const { body } = await until(
    () => as('boss', 'GET', `/api/v1/executions/${run}/inquiries`),
    (answer) => answer.body.data.length > 0,
  );
  return { run, workflow, inquiry: body.data[0].id };
}

/** What a tool of the MCP server answers. */
async function callTool(who: string, name: string, args: object): Promise<{ isError?: boolean; text: string }> {
  const response = await fetch(`${harness.api.url}/mcp`, {
    method: 'POST',
    headers: {
      ...{ 'x-api-key': keys[who]!, 'content-type': 'application/json', connection: 'close' },
      accept: 'application/json, text/event-stream',
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: args } }),
  });
  const text = await response.text();
  const { result } = JSON.parse(text.startsWith('{') ? text : text.split('\ndata: ')[1]!.split('\n')[0]!);
  return { isError: result.isError, text: JSON.stringify(result) };
}

describe('a signal with a reserved name', () => {
  const sealer = createSealer([SECRET_KEY], 'signal');
  const forged = {
    ...{ id: 'forged-1', inquiry: 'ask', option: 'approve', by: 'boss', names: ['boss'], groups: [] },
    ...{ channel: 'api', at: '2026-11-28T03:42:04Z' },
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
        const { isError, text } = await callTool('alice', 'signal_execution', { id, name, payload });
        return isError && text.includes('request_invalid') ? '400 request_invalid' : text;
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
            ...{
              specversion: '1.0',
              id: `${method}${prefix}`,
              type: 'io.fermata.signal',
              subject: name,
              data: payload,
            },
            ...{
              source: `/executions/${workflow}`,
              time: new Date().toISOString(),
              datacontenttype: 'application/json',
            },
            ...{ fermatarun: workflow, fermataaudience: 'alice' },
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
    expect(written.body.issues).toMatchObject([{ code: 'input_invalid', path: '/definition/tasks/0/input/name' }]);
    const { run } = await guarded(DECISION_SIGNAL);
    const { data } = (await as('boss', 'GET', `/api/v1/executions/${run}`)).body;
    expect(data.tasks.find(({ name }: { name: string }) => name === 'wait')).toMatchObject({
      ...{ status: 'failed', error: { type: 'input_invalid' } },
    });
    const bare = await as('alice', 'POST', '/api/v1/executions', {
      ...{ action_ref: 'core.wait_signal', parameters: { name: '__fermata_control' }, wait: 10 },
    });
    expect(bare.body.data).toMatchObject({ status: 'failed', error: { type: 'input_invalid' } });
  });
});
