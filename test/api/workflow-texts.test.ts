import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { ParseJobs } from '../../api/http/body-parser.ts';
import { AppError } from '../../model/app-error.ts';
import type { Issue } from '../../model/issue.ts';
import { findValuePlaces } from '../../model/yaml-places.ts';
import { formatYaml } from '../../model/yaml-text.ts';
import { createTestApp } from './test-app.ts';

const tasksOf = (message: string) => [{ name: 'say', action: 'core.log', input: { message } }];
const LONG = 'word '.repeat(4_000).trim();
const REVISIONS = [{ tasks: tasksOf('no') }, { tasks: tasksOf(LONG) }];
const issue = (path: string): Issue => ({ code: 'x', path, message: 'is wrong' });

const jobs: string[] = [];
let found: { issues: Issue[]; warnings: Issue[] } = { issues: [], warnings: [] };
const app = createTestApp(
  { reader: ['workflow:read'], nobody: [] },
  {
    definitions: {
      get: async (_: unknown, ref: string, { revision = 2 }: { revision?: number }) => {
        const definition = ref === 'examples.sourced' ? REVISIONS[revision - 1] : undefined;
        if (definition === undefined) throw new AppError('workflow_not_found', 'not found');
        return { definition };
      },
      validate: async () => found,
    },
    pool: {
      run: async <Name extends 'find_places' | 'format_yaml'>(
        name: Name,
        tenant: string,
        input: ParseJobs[Name]['input'],
      ) => {
        jobs.push(`${name} for ${tenant}`);
        return 'text' in input
          ? findValuePlaces(input.text, input.pointers)
          : formatYaml((input as { value: never }).value);
      },
    },
  },
);

describe('GET /workflows/{ref}/source', () => {
  const read = async (query: string, key = 'reader') => {
    const response = await app.request(`/api/v1/workflows/examples.sourced/source${query}`, {
      headers: { 'x-api-key': key },
    });
    return {
      status: response.status,
      type: response.headers.get('content-type'),
      text: await response.text(),
      response,
    };
  };

  it('gives the definition as YAML or JSON, at any revision', async () => {
    expect(await read('?revision=1')).toMatchObject({
      status: 200,
      type: 'application/yaml; charset=utf-8',
      text: 'tasks:\n  - name: say\n    action: core.log\n    input:\n      message: "no"\n',
    });
    expect(await read('?format=json&revision=1')).toMatchObject({
      type: 'application/json',
      text: `${JSON.stringify(REVISIONS[0], null, 2)}\n`,
    });
    expect((await read('?revision=3')).status).toBe(404);
    expect((await read('', 'nobody')).status).toBe(403);
    expect(jobs).toEqual([]);
  });

  it('writes a long one in the pool', async () => {
    expect(parse((await read('')).text)).toEqual(REVISIONS[1]);
    expect(jobs.splice(0)).toEqual(['format_yaml for one']);
  });

  it('says that it has not changed', async () => {
    const { response } = await read('?revision=1');
    const etag = response.headers.get('etag')!;
    expect(response.headers.get('cache-control')).toBe('private, no-cache');
    const again = await app.request('/api/v1/workflows/examples.sourced/source?revision=1', {
      headers: { 'x-api-key': 'reader', 'if-none-match': etag },
    });
    expect([again.status, await again.text()]).toEqual([304, '']);
  });
});

describe('POST /workflows/validate', () => {
  const validate = async (body: string, type: string, query = '') => {
    const response = await app.request(`/api/v1/workflows/validate${query}`, {
      method: 'POST',
      headers: { 'x-api-key': 'reader', 'content-type': type },
      body,
    });
    const { data } = (await response.json()) as { data: Record<'issues' | 'warnings', Located[]> };
    const placed = ({ path, source }: Located) => [path, source?.line, source?.column];
    return { issues: data.issues.map(placed), warnings: data.warnings.map(placed) };
  };
  interface Located {
    path: string;
    source?: { line: number; column: number };
  }
  const YAML = 'tasks:\n  - name: a\n    action: http.get\n    input: { message: no }\n';

  it('says where issues and warnings stand in YAML, also those about its writing', async () => {
    found = { issues: [issue('/tasks/0/action'), issue('/tasks')], warnings: [issue('/tasks/0/name')] };
    expect(await validate(YAML, 'application/yaml')).toEqual({
      issues: [
        ['/tasks/0/action', 3, 13],
        ['/tasks', 1, 1],
      ],
      warnings: [
        ['/tasks/0/name', 2, 11],
        ['/tasks/0/input/message', 4, 23],
      ],
    });
  });

  it('says where they stand in JSON on demand', async () => {
    found = { issues: [issue('/definition')], warnings: [] };
    const body = '{\n  "definition": 1\n}';
    expect((await validate(body, 'application/json')).issues).toEqual([['/definition', undefined, undefined]]);
    expect((await validate(body, 'application/json', '?positions=1')).issues).toEqual([['/definition', 2, 17]]);
    expect((await validate('', 'application/json', '?positions=1')).issues).toEqual([
      ['/definition', undefined, undefined],
    ]);
  });

  it('finds them in the pool where the text is long, and names no place for the rest of a list', async () => {
    found = {
      issues: [issue('/b'), { code: 'more_issues', path: '', message: 'and 3 more', omitted: 3 }],
      warnings: [],
    };
    const body = `{ "a": ${JSON.stringify(LONG)},\n"b": 1 }`;
    expect((await validate(body, 'application/json', '?positions=1')).issues).toEqual([
      ['/b', 2, 6],
      ['', undefined, undefined],
    ]);
    expect(jobs.splice(0)).toEqual(['find_places for one']);
  });
});
