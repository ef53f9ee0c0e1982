import { AsyncLocalStorage } from 'node:async_hooks';

const owners = new AsyncLocalStorage<string>();

/** The owner of work for requests whose tenant is not known yet. */
export const UNKNOWN_OWNER = 'nobody';

/** The owner of the look-ups of webhooks, so that requests with unknown keys delay nobody who signs in. */
export const WEBHOOK_OWNER = 'webhooks';

/** Returns the owner of what rules of a tenant start: requests of the tenant take turns with that for connections, and do not queue behind it. */
export function ruleStartsOf(tenant: string): string {
  return `rules ${tenant}`;
}

/** Runs work on behalf of a tenant: its database calls count against the tenant's share. */
export function workFor<T>(tenant: string, work: () => T): T {
  return owners.run(tenant, work);
}

/** Returns the tenant of the current work; empty when it has none. */
export function workOwner(): string {
  return owners.getStore() ?? '';
}
