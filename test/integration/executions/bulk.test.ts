import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type ApiHarness, createApiHarness } from '../support/api-harness.ts';
import { until } from '../support/until.ts';

const BASE = '/api/v1/executions';
let harness: ApiHarness;

beforeAll(async () => {
  harness = await createApiHarness('bulk');
});
afterAll(() => harness.close());

let started = 0;
/** Starts a run that waits; one of many at once asks again where a busy machine has kept it waiting for too long. */
async function waiting(enforcement: number) {
  started += 1;
  const body = { action_ref: 'core.wait_signal', parameters: { name: 'never' }, enforcement };
  const key = { 'idempotency-key': `waiting-${started}` };
  const answer = await until(
    () => harness.call('POST', BASE, body, key),
    ({ status }) => status !== 503,
  );
  expect(answer.status, JSON.stringify(answer.body)).toBe(201);
  return answer;
}
const post = (verb: string, body: object) => harness.call('POST', `${BASE}/bulk/${verb}`, body);
const get = async (id: string) => (await harness.call('GET', `/api/v1/bulk/${id}`)).body.data;
const finished = (id: string) =>
  until(
    () => get(id),
    ({ status }) => status !== 'running',
  );
const statuses = async (enforcement: number) =>
  (await harness.call('GET', `${BASE}/enforcement/${enforcement}?per_page=100`)).body.data.map(
    ({ status }: { status: string }) => status,
  );

it('cancels what matches a filter, after telling how much that is', async () => {
  await Promise.all(Array.from({ length: 25 }, () => waiting(1)));
  await waiting(2);
  const filter = { enforcement: 1, action_ref: 'core.wait_*' };
  const dry = await post('cancel?dry_run=true', { filter });
  expect([dry.status, dry.body.data]).toEqual([200, { matched: 25 }]);
  const begun = await post('cancel', { filter, reason: 'enough' });
  expect([begun.status, begun.body.data.matched]).toEqual([202, 25]);
  expect(begun.headers.get('location')).toBe(`/api/v1/bulk/${begun.body.data.job_id}`);
  expect(await finished(begun.body.data.job_id)).toMatchObject({
    verb: 'cancel',
    matched: 25,
    succeeded: 25,
    failed: 0,
  });
  await until(
    () => statuses(1),
    (all) => all.every((status: string) => status === 'cancelled'),
  );
  await until(
    () => statuses(2),
    (all) => all.join() === 'running',
  );
  expect((await post('cancel', { filter })).body.data.matched).toBe(0);
});

it('terminates by ids in any spelling, and tells why it did not', async () => {
  const [one, two] = (await Promise.all([waiting(3), waiting(3)])).map(({ body }) => body.data);
  const closed = (await harness.call('POST', BASE, { action_ref: 'core.noop', wait: 60 })).body.data;
  const ids = [one.id, two.workflow_id, String(two.id), closed.uuid, 1024];
  const { body } = await post('terminate', { ids, reason: 'now' });
  const job = await finished(body.data.job_id);
  expect(job).toMatchObject({ matched: 4, succeeded: 2, failed: 2, status: 'completed' });
  expect(job.errors.map(({ id }: { id: number }) => id)).toEqual([closed.id, 1024]);
  expect(job.errors[0].error).toContain('has already ended');
  const { data } = (await harness.call('GET', `${BASE}/${one.id}`)).body;
  expect(data.result).toMatchObject({ error: 'now', error_code: 'TERMINATED' });
});

it('pauses what is open and not paused, and resumes what is paused', async () => {
  const [one] = (await Promise.all([waiting(5), waiting(5), waiting(5)])).map(({ body }) => body.data);
  const filter = { enforcement: 5 };
  const paused = async () =>
    (await harness.call('GET', `${BASE}?enforcement=5&status=paused`)).body.data.map(({ id }: { id: number }) => id);
  await harness.call('POST', `${BASE}/${one.id}/pause`, {});
  await until(paused, (ids) => ids.join() === String(one.id));
  const begun = await post('pause', { filter, reason: 'maintenance' });
  expect(begun.body.data.matched).toBe(2);
  expect(await finished(begun.body.data.job_id)).toMatchObject({ verb: 'pause', succeeded: 2, failed: 0 });
  await until(paused, (ids) => ids.length === 3);
  const again = await finished((await post('pause', { ids: [one.id] })).body.data.job_id);
  expect(again).toMatchObject({ succeeded: 1, failed: 0, errors: [] });
  expect((await post('resume?dry_run=true', { filter })).body.data).toEqual({ matched: 3 });
  const resumed = await post('resume', { filter });
  expect(await finished(resumed.body.data.job_id)).toMatchObject({ verb: 'resume', succeeded: 3, failed: 0 });
  await until(paused, (ids) => ids.length === 0);
});

it('is aborted with what it has not done yet', async () => {
  await Promise.all(Array.from({ length: 40 }, () => waiting(4)));
  const { db } = harness.database;
  // No process takes a job while this lasts.
  await db.execute(sql`create function not_now() returns trigger language plpgsql as $$
    begin if new.leased is null then return new; end if; return null; end $$`);
  await db.execute(sql`create trigger not_now before update on bulk_jobs for each row execute function not_now()`);
  const { body } = await post('cancel', { filter: { enforcement: 4 } });
  const aborted = await harness.call('DELETE', `/api/v1/bulk/${body.data.job_id}`);
  expect([aborted.status, aborted.body.data.status]).toEqual([200, 'aborted']);
  await db.execute(sql`drop function not_now cascade`);
  // A job after it is done, and nothing of it.
  const next = await waiting(6);
  const after = await post('terminate', { ids: [next.body.data.id] });
  expect(await finished(after.body.data.job_id)).toMatchObject({ succeeded: 1 });
  expect(await get(body.data.job_id)).toMatchObject({ status: 'aborted', matched: 40, succeeded: 0, failed: 0 });
  expect(await statuses(4)).toEqual(Array(40).fill('running'));
});

it.each([
  ['an empty filter', { filter: {} }, '/filter'],
  ['neither ids nor a filter', {}, '/ids'],
  ['both', { ids: [1024], filter: { enforcement: 1 } }, '/ids'],
  ['an unknown filter', { filter: { colour: 'red' } }, '/filter/colour'],
  ['no id', { ids: [1024, 'nonsense'] }, '/ids/1'],
])('refuses %s', async (_, body, path) => {
  const { status, body: answer } = await post('cancel', body);
  expect([status, answer.code, answer.issues[0].path]).toEqual([400, 'request_invalid', path]);
});

it('has no job that nobody began, and no other verb', async () => {
  const missing = await harness.call('GET', '/api/v1/bulk/00000000-0000-4000-8000-000000000000');
  expect([missing.status, missing.body.code]).toEqual([404, 'bulk_job_not_found']);
  expect((await post('explode', { ids: [1024] })).status).toBe(400);
});

it('tries again what has failed, and deletes what has closed, for who may', async () => {
  const run = (action_ref: string, enforcement: number, parameters: object) =>
    harness.call('POST', BASE, { action_ref, enforcement, parameters, wait: 60 });
  await Promise.all([
    ...Array.from({ length: 3 }, () => run('core.fail', 7, { message: 'no' })),
    run('core.noop', 7, {}),
    waiting(7),
  ]);
  await until(
    () => statuses(7),
    (all) => all.filter((status: string) => status === 'failed').length === 3,
  );
  const retried = await post('retry', { filter: { enforcement: 7 } });
  expect(retried.body.data.matched).toBe(3);
  expect(await finished(retried.body.data.job_id)).toMatchObject({ verb: 'retry', succeeded: 3, failed: 0 });
  await until(
    () => statuses(7),
    (all) => all.filter((status: string) => status === 'failed').length === 6,
  );
  const { key } = (await harness.call('POST', '/api/v1/keys', { subject: 'op', roles: ['operator'] })).body.data;
  const refused = await harness.call(
    'POST',
    `${BASE}/bulk/delete`,
    { filter: { enforcement: 7 } },
    { 'x-api-key': key },
  );
  expect([refused.status, refused.body.code]).toEqual([403, 'forbidden']);
  const dry = await post('delete?dry_run=true', { filter: { enforcement: 7, status: 'failed' } });
  expect(dry.body.data.matched).toBe(6);
  const deleted = await post('delete', { filter: { enforcement: 7 } });
  expect(await finished(deleted.body.data.job_id)).toMatchObject({ verb: 'delete', matched: 7, succeeded: 7 });
  await until(
    () => statuses(7),
    (all) => all.join() === 'running',
  );
});
