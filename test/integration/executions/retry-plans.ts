import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { DEFAULT_TENANT } from '../../../composition/bootstrap.ts';
import type { PlannedRetry } from '../../../model/retry-plan.ts';
import { createIdempotencyKeyStore } from '../../../store/executions/idempotency-keys.ts';
import { callTool } from '../faces/mcp-call.ts';
import { APPROVER_KEY, type ApiHarness, DEV_KEY } from '../support/api-harness.ts';
import { until } from '../support/until.ts';
import type { WebServer } from '../support/web-server.ts';

// Retries that are planned before they are started, on the installation of the other retries.

/** Everything that the tests of retries share. */
export interface RetryStage {
  harness(): ApiHarness;
  web(): WebServer;
  /** Stores a definition, as another version of `ref` if there is one, and returns its ref. */
  store(definition: object, version?: string, ref?: string): Promise<string>;
  start(ref: string, failing: string[], wait?: number): Promise<StagedRun>;
  /** A task that calls the web server under its name, and fails while that is told so. */
  call(name: string, rest?: object): object;
}

/** A run of the stage. */
export interface StagedRun {
  id: number;
  name: string;
  data: Record<string, unknown> & { status: string; tasks: { key: string; status: string; carried?: boolean }[] };
}

/** Tests plans of retries. */
export function testRetryPlans({ harness, web, store, start, call }: RetryStage): void {
  const ask = (run: { id: number }, body: object, headers: Record<string, string> = {}) =>
    harness().call('POST', `/api/v1/executions/${run.id}/retry`, body, headers);

  async function plan(run: { id: number }, body: object = {}): Promise<PlannedRetry> {
    const answer = await ask(run, { ...body, plan: true });
    expect(answer.status, JSON.stringify(answer.body)).toBe(200);
    return answer.body.data;
  }

  async function ended(id: number) {
    const answer = await until(
      () => harness().call('GET', `/api/v1/executions/${id}`),
      ({ body: { data } }) => !['running', 'requested'].includes(data.status),
    );
    return answer.body.data;
  }

  /** Returns the number of the last event of a run by which a task had ended. */
  async function eventAfter(run: { id: number }, key: string): Promise<number> {
    const { body } = await harness().call('GET', `/api/v1/executions/${run.id}/tasks`);
    return body.data.find((row: { key: string }) => row.key === key).events.ended;
  }

  const keysOf = (list: readonly { key: string }[]) => list.map(({ key }) => key);

  describe('a plan of a retry', () => {
    it('starts nothing, says what is kept and what runs again, and is what the retry then does', async () => {
      const ref = await store({ tasks: [call('a'), call('b', { publish: { seen: 1 } }), call('c')] });
      const failed = await start(ref, ['b']);
      const planned = await plan(failed);
      expect(planned).toMatchObject({
        from: 'failed',
        base: { execution: failed.id, state: 'failed', version: '1.0.0', retried_as: [] },
        target: { version: '1.0.0', definition_hash: planned.base.definition_hash },
        problems: [],
        counts: { kept: 1, again: 1, dropped: 0, effects: 1 },
        kept: [{ key: 'a', name: 'a', action_ref: 'core.http', status: 'completed' }],
        again: [{ key: 'b', was: 'failed', why: 'failed', input: { truncated: false } }],
        effects: [
          { key: 'b', action_ref: 'core.http', idempotent: true, attempts: 1, last_error: { type: 'http_error' } },
        ],
        simulated: { status: 'completed', order: ['b', 'c'] },
      });
      expect(planned.again[0]!.input!.text).toContain(`/counted/${failed.name}/b`);
      expect(await plan(failed)).toEqual(planned);
      expect((await harness().call('GET', `/api/v1/executions/${failed.id}`)).body.data.retried_as).toEqual([]);
      web().fail(failed.name, []);
      const started = await ask(failed, { plan_hash: planned.hash, reason: 'the server is back' });
      expect(started.status, JSON.stringify(started.body)).toBe(201);
      const again = await ended(started.body.data.id);
      expect([again.status, again.retry_of, web().counts(failed.name)]).toEqual([
        ...['completed', failed.id, { a: 1, b: 2, c: 1 }],
      ]);
      expect(
        again.tasks.filter((task: { carried: boolean }) => task.carried).map(({ key }: { key: string }) => key),
      ).toEqual(keysOf(planned.kept));
      const { body } = await harness().call('GET', `/api/v1/executions/${again.id}/history`);
      expect(JSON.stringify(body)).toContain('the server is back');
      expect(again.retry_reason).toBe('the server is back');
      const audit = (await harness().call('GET', '/api/v1/audit?limit=3')).body.data;
      expect(audit.map(({ target, reason }: Record<string, string>) => [target, reason]).slice(0, 2)).toEqual([
        [`/api/v1/executions/${failed.id}/retry`, 'the server is back'],
        [`/api/v1/executions/${failed.id}/retry`, null],
      ]);
    });

    it('from an event keeps the state after it: later work is given up, and what was open runs again', async () => {
      const ref = await store({
        tasks: [
          call('a', { on_success: ['b', 'side'] }),
          call('b', { on_success: 'c' }),
          call('c', { on_success: 'end' }),
          call('side', { on_success: 'end' }),
          call('end', { join: 'all' }),
        ],
      });
      const done = await start(ref, []);
      expect(done.data.status).toBe('completed');
      const event = await eventAfter(done, 'a');
      const planned = await plan(done, { from: `event:${event}` });
      expect(keysOf(planned.kept)).toEqual([]);
      // The workflow task that takes its end comes after it.
      expect(planned.again).toMatchObject([{ key: 'a', was: 'completed', why: 'open' }]);
      expect(keysOf(planned.dropped).sort()).toEqual(['b', 'c', 'end', 'side']);
      expect(keysOf(planned.effects).sort()).toEqual(['a', 'b', 'c', 'end', 'side']);
      const later = await plan(done, { from: `event:${event + 3}` });
      expect([keysOf(later.kept), keysOf(later.again).sort()]).toEqual([['a'], ['b', 'side']]);
      const started = await ask(done, { from: `event:${event + 3}`, plan_hash: later.hash });
      expect(started.status).toBe(201);
      expect((await ended(started.body.data.id)).status).toBe('completed');
      expect(web().counts(done.name)).toEqual({ a: 1, b: 2, side: 2, c: 2, end: 2 });
    });

    it('of items and of a loop has every item and visit once', async () => {
      const ref = await store({
        tasks: [
          {
            name: 'each',
            action: 'core.http',
            with_items: ['x', 'y', 'z'],
            on_item_failure: 'finish',
            input: { url: `${web().url}/counted/{{ workflow.param.run }}/{{ item }}` },
          },
          call('after'),
        ],
      });
      const failed = await start(ref, ['y']);
      const planned = await plan(failed);
      expect([keysOf(planned.kept), keysOf(planned.again), keysOf(planned.effects)]).toEqual([
        ...[['each[0]', 'each[2]'], ['each', 'each[1]'], ['each[1]']],
      ]);
    });

    it('of a sub-workflow counts that as an effect', async () => {
      const below = await store({ tasks: [call('one'), call('two')] });
      const ref = await store({
        tasks: [call('before'), { name: 'sub', action: below, input: { run: '{{ workflow.param.run }}' } }],
      });
      const failed = await start(ref, ['two']);
      const planned = await plan(failed);
      expect(planned.effects).toMatchObject([{ key: 'sub', action_ref: below, idempotent: false, attempts: 1 }]);
      expect([keysOf(planned.kept), keysOf(planned.again)]).toEqual([['before'], ['sub']]);
    });

    it('of an open run can be made from an event, but not started', async () => {
      const ref = await store({
        tasks: [call('a'), { name: 'wait', action: 'core.wait_signal', input: { name: 'go' } }],
      });
      const open = await start(ref, [], 0);
      await until(
        () => harness().call('GET', `/api/v1/executions/${open.id}`),
        ({ body }) => body.data.waiting_for[0]?.kind === 'signal',
      );
      const event = await eventAfter(open, 'a');
      const planned = await plan(open, { from: `event:${event + 3}` });
      expect([planned.hash, keysOf(planned.kept), keysOf(planned.again)]).toEqual([null, ['a'], ['wait']]);
      expect(planned.problems).toMatchObject([{ code: 'execution_open', path: '' }]);
      expect((await ask(open, { plan: true })).body.code).toBe('execution_open');
      expect((await ask(open, { from: `event:${event}` })).body.code).toBe('execution_open');
      await harness().call('POST', `/api/v1/executions/${open.id}/terminate`);
    });

    it('lists why the retry would be refused, and has no hash then', async () => {
      const ref = await store({ tasks: [call('a'), call('b')] });
      const failed = await start(ref, ['b']);
      await store({ tasks: [call('a', { timeout: 7 }), call('other')] }, '2.0.0', ref);
      const planned = await plan(failed, { version: '2.0.0', input: { run: 'other' } });
      expect([planned.hash, planned.simulated]).toEqual([null, null]);
      expect(planned.problems.map(({ code, path }) => [code, path])).toEqual([
        ...[
          ['state_kept', '/input'],
          ['state_kept', '/version'],
          ['state_kept', '/version'],
        ],
      ]);
      const rows: [object, number, string][] = [
        [{ plan: true, plan_hash: '0'.repeat(64) }, 400, 'request_invalid'],
        [{ plan_hash: 'short' }, 400, 'request_invalid'],
        [{ plan: true, from: 'event:0' }, 400, 'request_invalid'],
        [{ plan: true, from: 'event:100000' }, 404, 'event_not_found'],
        [{ plan: true, from: 'event:1' }, 409, 'nothing_failed'],
        [{ plan: true, from: 'nowhere' }, 422, 'state_kept'],
      ];
      for (const [body, status, code] of rows) {
        const refused = await ask(failed, body);
        expect([body, refused.status, refused.body.code]).toEqual([body, status, code]);
      }
    });

    it('from the start takes another input, and refuses one that is wrong', async () => {
      const ref = await store({ tasks: [call('a'), call('b')] });
      const failed = await start(ref, ['b']);
      const planned = await plan(failed, { from: 'start', input: { run: 'elsewhere' } });
      expect([planned.again, keysOf(planned.kept), keysOf(planned.dropped)]).toMatchObject([
        ...[[{ key: 'a', why: 'chosen' }], [], ['b']],
      ]);
      const { hash } = planned;
      const other = await ask(failed, { from: 'start', input: { run: 'another' }, plan_hash: hash });
      expect([other.status, other.body.code, other.body.details.changed]).toEqual([409, 'plan_stale', ['input']]);
      const same = await ask(failed, { from: 'start', input: { run: 'elsewhere' }, plan_hash: hash });
      expect(same.status).toBe(201);
    });
  });

  describe('what was planned', () => {
    it('is started by one of several people; the others see the plan as it is now', async () => {
      const ref = await store({ tasks: [call('a')] });
      const failed = await start(ref, ['a']);
      const { hash } = await plan(failed);
      const answers = await Promise.all([1, 2, 3, 4].map(() => ask(failed, { plan_hash: hash })));
      expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409]);
      const started = answers.find(({ status }) => status === 201)!.body.data.id;
      for (const { status, body } of answers) {
        if (status === 201) continue;
        expect([body.code, body.details.changed]).toEqual(['plan_stale', ['retries']]);
        expect(body.details.plan.base.retried_as).toEqual([started]);
        expect(body.details.plan.hash).not.toBe(hash);
      }
      const { details } = answers.find(({ status }) => status === 409)!.body;
      await ended(started);
      expect((await ask(failed, { plan_hash: details.plan.hash })).status).toBe(201);
    });

    it('can be started again where the run of the first start is gone, because Temporal never had it', async () => {
      const failed = await start(await store({ tasks: [call('a')] }), ['a']);
      const { hash } = await plan(failed);
      const { db } = harness().database;
      const key = ['plan', failed.id, hash].join('\n');
      await createIdempotencyKeyStore(db).add(DEFAULT_TENANT.id, { key, bodyHash: '', n: 1 });
      const answers = await Promise.all([1, 2].map(() => ask(failed, { plan_hash: hash })));
      expect(answers.map(({ status }) => status).sort()).toEqual([201, 409]);
    });

    it('is the same run for the same Idempotency-Key', async () => {
      const ref = await store({ tasks: [call('a')] });
      const failed = await start(ref, ['a']);
      const { hash } = await plan(failed);
      const headers = { 'idempotency-key': `plan-${failed.id}` };
      const answers = await Promise.all([1, 2, 3].map(() => ask(failed, { plan_hash: hash }, headers)));
      expect(answers.map(({ status }) => status)).toEqual([201, 201, 201]);
      expect(new Set(answers.map(({ body }) => body.data.id)).size).toBe(1);
      const later = await ask(failed, { plan_hash: hash }, headers);
      expect(later.body.data.id).toBe(answers[0]!.body.data.id);
    });

    it('is out of date once the version means another definition, and for another person or request', async () => {
      const ref = await store({ tasks: [call('a'), call('b')] });
      const failed = await start(ref, ['b']);
      await store({ tasks: [call('a'), call('b', { timeout: 5 })] }, '2.0.0', ref);
      const { hash } = await plan(failed, { version: '2.0.0' });
      await store({ tasks: [call('a'), call('b', { timeout: 6 })] }, '2.0.0', ref);
      const stale = await ask(failed, { version: '2.0.0', plan_hash: hash });
      expect([stale.body.code, stale.body.details.changed]).toEqual(['plan_stale', ['definition']]);
      const fresh = stale.body.details.plan.hash;
      const key = { 'x-api-key': APPROVER_KEY };
      const others = await Promise.all([
        ask(failed, { version: '2.0.0', from: 'b', plan_hash: fresh }),
        ask(failed, { version: '2.0.0', plan_hash: fresh }, key),
      ]);
      expect(others.map(({ body }) => [body.code, body.details.changed])).toEqual([
        ...[
          ['plan_stale', []],
          ['plan_stale', []],
        ],
      ]);
      expect((await ask(failed, { version: '2.0.0', plan_hash: fresh })).status).toBe(201);
    });

    it('is gone with its workflow, with which the run is deleted', async () => {
      const ref = await store({ tasks: [call('a')] });
      const failed = await start(ref, ['a']);
      const { hash } = await plan(failed);
      expect((await harness().call('DELETE', `/api/v1/workflows/${ref}`)).status).toBe(200);
      for (const body of [{ plan: true }, { plan_hash: hash }]) {
        expect((await ask(failed, body)).body.code).toBe('execution_not_found');
      }
    });
  });

  it('a plan is for those who may start runs, and for nobody of another tenant', async () => {
    const failed = await start(await store({ tasks: [call('a')] }), ['a']);
    await harness().call('POST', '/api/v1/tenants', { ref: 'beside', label: 'Beside' });
    const keyFor = async (grants: object) =>
      (await harness().call('POST', '/api/v1/keys', { subject: 'planner', ...grants })).body.data.key;
    const reader = await keyFor({ roles: ['viewer'] });
    const stranger = await keyFor({ roles: ['admin'], tenant: 'beside' });
    const { hash } = await plan(failed);
    for (const body of [{ plan: true }, { plan_hash: hash }]) {
      const refused = await ask(failed, body, { 'x-api-key': reader });
      expect([refused.status, refused.body.code]).toEqual([403, 'forbidden']);
      const unknown = await ask(failed, body, { 'x-api-key': stranger });
      expect([unknown.status, unknown.body.code]).toEqual([404, 'execution_not_found']);
    }
    expect((await plan(failed)).base.retried_as).toEqual([]);
  });

  it('a plan hides write-only parameters, and its hash of the input reveals nothing', async () => {
    const ref = await store({
      tasks: [
        {
          name: 'a',
          action: 'core.http',
          input: { url: `${web().url}/status/500`, headers: { 'x-token': '{{ workflow.param.token }}' } },
        },
      ],
    });
    await harness().call('PUT', `/api/v1/workflows/${ref}`, {
      param_schema: { type: 'object', properties: { token: { type: 'string', writeOnly: true } } },
    });
    const parameters = { token: 'hush-hush-4711', run: 'x' };
    const { body } = await harness().call('POST', '/api/v1/executions', { workflow: ref, parameters, wait: 60 });
    const planned = await plan({ id: body.data.id });
    expect(planned.again[0]!.input!.text).toContain('***');
    expect(JSON.stringify(planned)).not.toContain('hush-hush');
    const anew = await plan({ id: body.data.id }, { from: 'start', input: { token: 'other-hidden-1234', run: 'y' } });
    expect(JSON.stringify(anew)).not.toContain('other-hidden');
    // Nor does a plan confirm a guess: neither by its hash, nor by what it refuses.
    const right = await plan({ id: body.data.id }, { from: 'start', input: parameters });
    const same = await plan({ id: body.data.id }, { from: 'start' });
    expect(right.target.input_hash).not.toBe(same.target.input_hash);
    for (const input of [parameters, { ...parameters, token: 'a wrong guess' }]) {
      const kept = await plan({ id: body.data.id }, { input });
      expect(kept.problems).toEqual([
        {
          code: 'state_kept',
          path: '/input',
          message: 'cannot be given when completed tasks are kept and values of the input are hidden',
        },
      ]);
    }
    // The mask is refused where it hides a value.
    const { config } = (await harness().call('GET', `/api/v1/executions/${body.data.id}`)).body.data;
    expect(config).toEqual({ token: '***', run: 'x' });
    const copied = { from: 'start', input: { ...config, run: 'z' } };
    const masked = await plan({ id: body.data.id }, copied);
    expect([masked.hash, masked.problems]).toMatchObject([null, [{ code: 'input_invalid', path: '/input/token' }]]);
    const refused = await ask({ id: body.data.id }, copied);
    expect([refused.status, refused.body.code, refused.body.issues]).toMatchObject([
      ...[400, 'input_invalid', [{ code: 'input_invalid', path: '/input/token' }]],
    ]);
    const started = await ask({ id: body.data.id }, { from: 'start', input: { ...config, token: 'another-one' } });
    expect(started.status).toBe(201);
  });

  it('a plan of decided questions says which decisions are kept and which questions are asked again', async () => {
    const ref = await store({
      tasks: [{ name: 'ask', action: 'core.inquiry', input: {} }, call('go')],
    });
    const run = await start(ref, ['go'], 0);
    const inquiry = async (id: number) =>
      (
        await until(
          () => harness().call('GET', `/api/v1/executions/${id}/inquiries`),
          ({ body }) => body.data.length > 0,
        )
      ).body.data[0];
    const asked = await inquiry(run.id);
    await harness().call(
      ...([
        'POST',
        `/api/v1/inquiries/${asked.id}/respond`,
        { option: 'approve' },
        { 'x-api-key': APPROVER_KEY },
      ] as const),
    );
    await ended(run.id);
    expect((await plan(run)).inquiries).toEqual({ kept: [asked.id], asked_again: [] });
    await store(
      { tasks: [{ name: 'ask', action: 'core.inquiry', input: {} }, call('go', { timeout: 9 })] },
      '2.0.0',
      ref,
    );
    const planned = await plan(run, { version: '2.0.0' });
    expect(planned.inquiries).toEqual({ kept: [], asked_again: [asked.id] });
    expect(planned.again.map(({ key, why }) => [key, why])).toEqual([['ask', 'undecided']]);
    expect(planned.dropped).toMatchObject([{ key: 'go', was: 'failed', why: 'followed' }]);
  });

  it('a plan is what docs/runs.md says', async () => {
    const [, section = ''] = /### Fork with a plan\n([\s\S]*?)\n## /.exec(await readFile('docs/runs.md', 'utf8')) ?? [];
    const [definition, body, said] = [...section.matchAll(/```json\n([\s\S]*?)```/g)].map(([, text]) =>
      JSON.parse(text!),
    );
    const failed = await start(await store(definition), []);
    expect(failed.data.status).toBe('failed');
    expect(await plan(failed, body)).toMatchObject(said);
  });

  it('the tool of MCP plans, and starts what it planned', async () => {
    const ref = await store({ tasks: [call('a'), call('b')] });
    const failed = await start(ref, ['b']);
    const tool = (args: object) => callTool(harness().api.url, DEV_KEY, 'retry_execution', { id: failed.id, ...args });
    const planned = await tool({ plan: true, from: 'failed' });
    expect(planned.structuredContent.plan.counts).toEqual({ kept: 1, again: 1, dropped: 0, effects: 1 });
    const both = await tool({ plan: true, planHash: planned.structuredContent.plan.hash });
    expect(both.error?.code).toBe('request_invalid');
    const started = await tool({ planHash: planned.structuredContent.plan.hash });
    expect(started.structuredContent.retryOf).toBe(failed.id);
    const again = await tool({ planHash: planned.structuredContent.plan.hash });
    expect(again.error).toMatchObject({ code: 'plan_stale', details: { changed: ['retries'] } });
  });
}
