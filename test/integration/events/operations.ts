import { expect } from 'vitest';
import type { EnforcementSummary } from '../../../model/events/enforcement.ts';
import { type ApiHarness, createApiHarness } from '../support/api-harness.ts';
import { until } from '../support/until.ts';

/** The workflow that rules start: it waits for a signal, and hides a parameter. */
export const DEPLOY = {
  ref: 'ops.deploy',
  pack_ref: 'ops',
  label: 'Deploy',
  version: '1.0.0',
  param_schema: {
    type: 'object',
    properties: {
      branch: { type: 'string' },
      token: { type: 'string', writeOnly: true },
      dry: { type: 'boolean', default: true },
    },
    additionalProperties: false,
  },
  definition: { tasks: [{ name: 'wait', action: 'core.wait_signal', input: { name: 'go' } }] },
};

/** An API without a worker, so that what is started stays open, with the workflow `ops.deploy` and a second tenant. */
export interface Operations {
  harness: ApiHarness;
  /** The key of an admin of the other tenant. */
  stranger: string;
  /** Posts a body, demands success, and returns what was made. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into what they just made
  make(path: string, body: object, headers?: Record<string, string>): Promise<any>;
  /** Makes a rule of the pack `ops`, which starts `ops.deploy` unless told otherwise. */
  rule(name: string, rest: object): ReturnType<Operations['make']>;
  /** Posts an event. */
  post(event: object, headers?: Record<string, string>): ReturnType<Operations['make']>;
  /** Returns the data of an answer. */
  get(path: string): ReturnType<Operations['make']>;
  /** Returns the enforcements of an event, by rule, once it is planned and nothing is pending any more. */
  enforcementsOf(event: number): Promise<Record<string, EnforcementSummary>>;
}

/** Starts it, in a Temporal namespace. */
export async function openOperations(namespace: string): Promise<Operations> {
  const harness = await createApiHarness(namespace, { worker: false });
  const make: Operations['make'] = async (path, body, headers = {}) => {
    const answer = await harness.call('POST', path, body, headers);
    expect(answer.status, JSON.stringify(answer.body)).toBeLessThan(300);
    return answer.body.data;
  };
  const get: Operations['get'] = async (path) => (await harness.call('GET', path)).body.data;
  await make('/api/v1/tenants', { ref: 'acme', label: 'Acme' });
  const { key: stranger } = await make('/api/v1/keys', { subject: 'eve', tenant: 'acme', roles: ['admin'] });
  await make('/api/v1/packs', { ref: 'ops', label: 'Operations' });
  await make('/api/v1/workflows', DEPLOY);
  return {
    harness,
    stranger,
    make,
    get,
    rule: (name, rest) =>
      make('/api/v1/rules', { ref: `ops.${name}`, pack_ref: 'ops', label: name, workflow: 'ops.deploy', ...rest }),
    post: (event, headers = {}) => make('/api/v1/events', event, headers),
    async enforcementsOf(event) {
      await until(
        () => get(`/api/v1/events/${event}`),
        ({ state }) => state === 'planned',
      );
      const rows = await until(
        () => get(`/api/v1/enforcements?event=${event}`),
        (found: EnforcementSummary[]) => found.every(({ status }) => status !== 'pending'),
      );
      return Object.fromEntries(rows.map((row: EnforcementSummary) => [row.rule_ref, row]));
    },
  };
}
