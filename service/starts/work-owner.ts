import { AsyncLocalStorage } from 'node:async_hooks';

const owners = new AsyncLocalStorage<string>();

/** Does work for a tenant: what it asks of the database counts against the share of that tenant. */
export function workFor<T>(tenant: string, work: () => T): T {
  return owners.run(tenant, work);
}

/** The tenant for which the current work is done; empty where it is done for nobody in particular. */
export function workOwner(): string {
  return owners.getStore() ?? '';
}
