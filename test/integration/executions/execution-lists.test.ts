import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ApiHarness, createApiHarness, DEV_KEY } from '../support/api-harness.ts';
import { until } from '../support/until.ts';

const BASE = '/api/v1/executions';
let harness: ApiHarness;
const ids: number[] = [];

async function start(
  body: object,
): Promise<{ id: number; workflow_id: string; uuid: string; created: string; executor: number }> {
  const answer = await harness.call('POST', BASE, { wait: 60, ...body });
  expect(answer.status, JSON.stringify(answer.body)).toBe(201);
  return answer.body.data;
}

const list = async (query: string) => (await harness.call('GET', `${BASE}?${query}`)).body;
const idsOf = (page: { data: { id: number }[] }) => page.data.map(({ id }) => id);

/** Every row of a list behind cursors, with what is done between two pages. */
async function walk(query: string, between: () => Promise<void> = async () => {}): Promise<number[]> {
  const seen: number[] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const page = await list(`${query}${cursor === '' ? '' : `&cursor=${cursor}`}`);
    seen.push(...idsOf(page));
    cursor = page.next_cursor;
    await between();
  }
  return seen;
}

beforeAll(async () => {
  harness = await createApiHarness('lists');
  for (let n = 0; n < 7; n += 1) {
    const { id } = await start({ action_ref: 'core.transform', parameters: { data: `value, "${n}"` } });
    ids.unshift(id);
  }
  const failing = await start({ action_ref: 'core.fail', parameters: { message: 'no\nway', type: 'E_NO' } });
  ids.unshift(failing.id);
  await until(
    () => list('status=failed'),
    ({ data }) => data.length === 1,
  );
  await until(
    () => list('status=completed'),
    ({ data }) => data.length === 7,
  );
});
afterAll(() => harness.close());

describe('a list', () => {
  it('goes on behind a cursor, and repeats and leaves out nothing while runs start and end', async () => {
    expect(await walk('limit=3')).toEqual(ids);
    const during = await walk('limit=2', async () => {
      await start({ action_ref: 'core.noop', wait: 0 });
    });
    expect(during.filter((id) => ids.includes(id))).toEqual(ids);
    expect(new Set(during).size).toBe(during.length);
  });

  it('gives a cursor with a page too, and none at its end', async () => {
    const page = await list('action_ref=core.transform&per_page=5');
    expect(page.pagination).toMatchObject({ page: 1, page_size: 5, total_items: 7, total_pages: 2 });
    const rest = await list(`action_ref=core.transform&limit=5&cursor=${page.next_cursor}`);
    expect([...idsOf(page), ...idsOf(rest)]).toEqual(ids.slice(1));
    expect([rest.next_cursor, rest.pagination.total_items]).toEqual([null, 7]);
    expect((await list('action_ref=core.transform&page=2&per_page=5')).next_cursor).toBeNull();
  });

  it('shows how runs were started and how they failed with view=wide, and nothing more without it', async () => {
    const { data } = await list('view=wide&status=failed');
    const { created, closed } = data[0];
    expect(data).toMatchObject([
      {
        state: 'failed',
        mode: 'manual',
        tags: [],
        started_by: 'dev',
        waiting: null,
        error_code: 'E_NO',
        error: expect.stringContaining('no\nway'),
      },
    ]);
    expect(data[0].duration_ms).toBe(Date.parse(closed) - Date.parse(created));
    expect(Object.keys((await list('status=failed')).data[0])).not.toContain('error');
    expect((await harness.call('GET', `${BASE}?view=wide&parent=1`)).body).toMatchObject({
      code: 'request_invalid',
      issues: [{ path: '/view', message: 'cannot be "wide" together with "parent"' }],
    });
  });

  it('names the workflow and the version of each run with view=wide', async () => {
    const workflow = { ref: 'lists.named', pack_ref: 'lists', label: 'First name' };
    const definition = { tasks: [{ name: 'a', action: 'core.noop' }] };
    await harness.call('POST', '/api/v1/packs', { ref: 'lists', label: 'Lists' });
    await harness.call('POST', '/api/v1/workflows', { ...workflow, version: '1.0.0', definition });
    await start({ action_ref: 'lists.named' });
    const changed = { label: 'Second name', version: '2.0.0', definition: { ...definition, timeout: 60 } };
    await harness.call('PUT', '/api/v1/workflows/lists.named', changed);
    await start({ action_ref: 'lists.named' });
    const named = async () => {
      const { data } = await list('view=wide&pack_name=lists');
      return data.map(({ version, revision, label }: Record<string, unknown>) => [version, revision, label]);
    };
    expect(await named()).toEqual([
      ['2.0.0', 2, 'Second name'],
      ['1.0.0', 1, 'Second name'],
    ]);
    expect((await list('view=wide&action_ref=core.transform&per_page=1')).data[0]).toMatchObject({ label: null });
  });

  it('says where its total is exact, and refuses a page that is too far, with advice', async () => {
    const page = await list('per_page=2&status=failed');
    expect([page.pagination.total_items, page.total_is_lower_bound]).toEqual([1, false]);
    expect((await harness.call('GET', `${BASE}?per_page=100&page=1001`)).status).toBe(200);
    const { status, body } = await harness.call('GET', `${BASE}?per_page=100&page=1002`);
    expect([status, body.code, body.issues[0].path]).toEqual([400, 'request_invalid', '/page']);
    expect(body.issues[0].message).toContain('"limit" and "cursor"');
  });

  it('shows an open run as its worker says, without anybody reading it', async () => {
    const { id } = await start({ action_ref: 'core.wait_signal', parameters: { name: 'go' }, wait: 0 });
    const waits = () => list('status=waiting&action_ref=core.wait_signal');
    expect(idsOf(await until(waits, ({ data }) => data.length > 0))).toEqual([id]);
    const wide = await list('status=waiting&action_ref=core.wait_signal&view=wide');
    expect(wide.data).toMatchObject([{ id, state: 'waiting', waiting: 'signal' }]);
    await harness.call('POST', `${BASE}/${id}/signal`, { name: 'go' });
    await until(waits, ({ data }) => data.length === 0);
  });

  it('finds runs by time, by who started them, and by any spelling of an id', async () => {
    const third = (await harness.call('GET', `${BASE}/${ids[3]}`)).body.data;
    const after = encodeURIComponent(third.created);
    expect(idsOf(await list(`created_after=${after}&action_ref=core.transform`))).toEqual(ids.slice(1, 4));
    expect(idsOf(await list(`created_before=${after}`))).toEqual(ids.slice(4));
    expect(idsOf(await list(`created_after=${after}&created_before=${after}`))).toEqual([]);
    expect((await list(`executor=${third.executor}`)).data.length).toBeGreaterThanOrEqual(ids.length);
    expect((await list('executor=999999')).data).toEqual([]);
    for (const search of [third.id, third.uuid, third.workflow_id, third.uuid.slice(0, 23)]) {
      expect(idsOf(await list(`search=${search}`)), String(search)).toContain(ids[3]);
    }
    expect(idsOf(await list(`search=${third.workflow_id}`))).toEqual([ids[3]]);
    expect((await list('search=wf_%25')).data).toEqual([]);
  });

  it.each([
    ['cursor=nonsense', '/cursor'],
    ['limit=251', '/limit'],
    ['limit=0', '/limit'],
    ['created_after=yesterday', '/created_after'],
    ['created_after=2026-01-01T00:00:00', '/created_after'],
    ['executor=me', '/executor'],
  ])('refuses %s', async (query, path) => {
    const { status, body } = await harness.call('GET', `${BASE}?${query}`);
    expect([status, body.code, body.issues[0].path]).toEqual([400, 'request_invalid', path]);
  });
});

describe('statistics', () => {
  it('count groups, which add up to the whole', async () => {
    const asked = ['action_ref', 'pack', 'day', 'state'].flatMap((grouping) => [
      grouping,
      `${grouping}&search=fermata`,
    ]);
    for (const grouping of [...asked, 'state&executor=1&status=failed']) {
      const { groups, ...all } = (await harness.call('GET', `${BASE}/stats?group_by=${grouping}`)).body.data;
      for (const [kind, total] of Object.entries(all)) {
        expect(
          groups.reduce((sum: number, group: Record<string, number>) => sum + group[kind]!, 0),
          kind,
        ).toBe(total);
      }
    }
    const { groups } = (await harness.call('GET', `${BASE}/stats?group_by=action_ref`)).body.data;
    expect(groups.find(({ key }: { key: string }) => key === 'core.fail')).toMatchObject({ total: 1, failed: 1 });
    expect((await harness.call('GET', `${BASE}/stats?group_by=day`)).body.data.groups[0].key).toMatch(
      /^\d{4}-\d\d-\d\d$/,
    );
    const states = (await harness.call('GET', `${BASE}/stats?group_by=state`)).body.data.groups;
    expect(states.find(({ key }: { key: string }) => key === 'failed')).toMatchObject({ total: 1, failed: 1 });
    const none = await harness.call('GET', `${BASE}/stats?created_before=2026-01-01T00:00:00Z&group_by=pack`);
    expect(none.body.data).toMatchObject({ total: 0, groups: [] });
  });
});

describe('an export', () => {
  const get = async (query: string) => {
    const response = await fetch(`${harness.api.url}${BASE}/export?${query}`, { headers: { 'x-api-key': DEV_KEY } });
    return {
      type: response.headers.get('content-type'),
      name: response.headers.get('content-disposition'),
      text: await response.text(),
    };
  };

  it('is the list with its filters, as JSON, a line each, or CSV', async () => {
    const json = await harness.call('GET', `${BASE}/export?format=json&action_ref=core.transform`);
    expect(json.body.map(({ id }: { id: number }) => id)).toEqual(ids.slice(1));
    expect(json.body[0]).toMatchObject({ status: 'completed', result: 'value, "6"', error: null, parent: null });
    expect(json.body[0].duration_ms).toBeGreaterThanOrEqual(0);
    const ndjson = await get('format=ndjson&action_ref=core.transform');
    expect(ndjson.type).toBe('application/x-ndjson');
    expect(
      ndjson.text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual(json.body);
    const csv = await get('format=csv&action_ref=core.*&status=failed');
    expect(csv.name).toBe('attachment; filename="executions.csv"');
    const [head, ...rows] = csv.text.split('\r\n');
    expect(head).toBe(
      'id,uuid,workflow_id,action_ref,status,parent,enforcement,executor,created,updated,duration_ms,error_code,error,result,state',
    );
    expect(rows.join('\r\n')).toMatch(
      new RegExp(`^${ids[0]},.*,core\\.fail,failed,,,\\d+,.*,E_NO,"no\nway",,failed\r\n$`, 's'),
    );
    const quoted = await get(`format=csv&search=${ids[1]}`);
    expect(quoted.text).toContain(',"value, ""6""",completed\r\n');
  });

  it('of nothing is empty', async () => {
    expect((await harness.call('GET', `${BASE}/export?format=json&status=timeout`)).body).toEqual([]);
    expect((await get('format=ndjson&status=timeout')).text).toBe('');
    expect((await get('format=csv&status=timeout')).text.split('\r\n')).toHaveLength(2);
    const wrong = await harness.call('GET', `${BASE}/export?format=xml`);
    expect([wrong.status, wrong.body.code]).toEqual([400, 'request_invalid']);
  });
});

describe('errors', () => {
  it('are grouped by what they have in common, by which the executions are found', async () => {
    const fail = async (message: string) =>
      (await harness.call('POST', BASE, { action_ref: 'core.fail', parameters: { message, type: 'E_HOST' }, wait: 60 }))
        .body.data;
    const [first] = [await fail('no answer from "a:1" after 3 s'), await fail('no answer from "b" after 12.5 s')];
    const other = await fail('no route');
    const groups = await until(
      async () => (await harness.call('GET', `${BASE}/errors?action_ref=core.fail`)).body.data,
      (data) => data.length === 3 && data[0].count === 2,
    );
    expect(groups[0]).toMatchObject({
      error_code: 'E_HOST',
      message: 'no answer from "b" after 12.5 s',
      first: first.created,
    });
    expect(groups[0].sample).toBeGreaterThan(first.id);
    const { fingerprint } = groups[0];
    const found = (await harness.call('GET', `${BASE}?error=${fingerprint}`)).body.data;
    expect(found.map(({ id }: { id: number }) => id)).toEqual([groups[0].sample, first.id]);
    expect(found.map(({ id }: { id: number }) => id)).not.toContain(other.id);
    expect((await harness.call('GET', `${BASE}/stats?error=${fingerprint}`)).body.data).toMatchObject({
      total: 2,
      failed: 2,
    });
    const exported = await harness.call('GET', `${BASE}/export?format=json&error=${fingerprint}`);
    expect(exported.body).toHaveLength(2);
    const page = (await harness.call('GET', `${BASE}/errors?limit=1`)).body;
    expect(page.data[0]).toEqual(groups[0]);
    const next = (await harness.call('GET', `${BASE}/errors?limit=100&cursor=${page.next_cursor}`)).body;
    expect(next.data.map(({ count }: { count: number }) => count)).toEqual(next.data.map(() => 1));
    expect([next.next_cursor, next.is_lower_bound]).toEqual([null, false]);
    for (const query of ['errors?cursor=x', 'errors?limit=101', '?error=x']) {
      expect((await harness.call('GET', `${BASE}${query.startsWith('?') ? '' : '/'}${query}`)).status, query).toBe(400);
    }
    const bulk = await harness.call('POST', `${BASE}/bulk/delete?dry_run=true`, { filter: { error: fingerprint } });
    expect(bulk.body.data).toEqual({ matched: 2 });
  });
});
