import { describe, expect, it } from 'vitest';
import { AppError } from '../../model/app-error.ts';
import { createTestApp } from './test-app.ts';

/** Idempotency keys with which something was started or tried again. */
let keys: (string | undefined)[] = [];
const refuse = async (_principal: unknown, ...rest: unknown[]) => {
  const command = rest.at(-1) as { idempotencyKey?: string };
  keys.push(command.idempotencyKey);
  throw new AppError('idempotency_mismatch', 'this Idempotency-Key has already been used with a different request');
};
const app = createTestApp(
  { ann: ['admin'] },
  { executions: { start: refuse, signal: refuse }, retries: { retry: refuse } },
);

const id = '00000000-0000-7000-8000-000000000000';
const START = { workflow: 'examples.x' };

describe('an Idempotency-Key is taken, whatever the API', () => {
  it.each<[string, object]>([
    ['/api/v1/executions', START],
    ['/api/v1/workflows/{ref}/execute', {}],
    ['/api/v1/executions/{id}/retry', {}],
    ['/api/v1/executions/{id}/signal', { name: 'go' }],
    ['/execution', START],
    ['/api/v1/execution', START],
    ['/api/v1/automation/executions/{id}/retry', {}],
  ])('by POST %s', async (path, body) => {
    keys = [];
    const ask = (key: string) =>
      app.request(path.replace('{id}', id).replace('{ref}', 'examples.x'), {
        method: 'POST',
        headers: { 'x-api-key': 'ann', 'content-type': 'application/json', 'idempotency-key': key },
        body: JSON.stringify(body),
      });
    expect([(await ask('one')).status, keys]).toEqual([422, ['one']]);
    expect([(await ask('')).status, (await ask('x'.repeat(201))).status]).toEqual([400, 400]);
    const { paths } = (await (await app.request('/openapi.json')).json()) as {
      paths: Record<string, { post: { parameters: { in: string; name: string }[]; responses: object } }>;
    };
    const { parameters, responses } = paths[path]!.post;
    expect(parameters.filter((each) => each.in === 'header').map(({ name }) => name)).toEqual(['idempotency-key']);
    expect(Object.keys(responses)).toContain('422');
  });
});
