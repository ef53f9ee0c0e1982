import { pino } from 'pino';
import { type AppOptions, createApp } from '../../api/app.ts';
import { type ApiServices, createRoutes } from '../../composition/api/routes.ts';
import { AppError } from '../../model/app-error.ts';
import type { Permission } from '../../model/permissions.ts';
import type { Principal } from '../../model/principal.ts';
import type { PrincipalService } from '../../service/access/principals.ts';

/** Stands for a service that a test does not reach: it can be passed on and asked for its functions, not called. */
export function unreached(name: string): never {
  const refuse = () => {
    throw new Error(`${name} was called`);
  };
  return new Proxy({}, { get: (_, key) => (key === 'then' ? undefined : refuse) }) as never;
}

/** A service or a setting of the API. */
type Part = keyof ApiServices | keyof AppOptions;

/** The API over services that refuse every call but those that are given, for keys with some permissions each. */
export function createTestApp(
  keys: Record<string, Permission[]>,
  given: Partial<Record<Part, unknown>> = {},
): ReturnType<typeof createApp> {
  const principals = Object.entries(keys).map(([key, permissions], index): [string, Principal] => [
    key,
    {
      id: index + 1,
      subject: key,
      kind: 'person',
      onBehalfOf: null,
      tenant: 'one',
      tenantRef: 'one',
      roles: [],
      permissions,
      groups: [],
    },
  ]);
  const byKey = new Map(principals);
  const authenticate: PrincipalService['authenticate'] = async (key) => {
    const found = byKey.get(key ?? '');
    if (found === undefined) throw new AppError('unauthenticated', 'the API key is invalid, expired or revoked');
    return found;
  };
  const parts: Partial<Record<Part, unknown>> = {
    payloads: undefined,
    codecOrigins: null,
    corsOrigins: [],
    publicUrl: undefined,
    console: null,
    observe: undefined,
    rateLimit: 0,
    hookRate: 0,
    readiness: {},
    countWorkers: async () => 0,
    log: pino({ level: 'silent' }),
    index: { state: () => ({ lag: 0, standing: 0, setAside: 0 }) },
    workerState: undefined,
    masterKeys: { own: [] },
    audit: { record: async () => {} },
    principals: { authenticate },
    ...given,
  };
  const all = new Proxy(parts, {
    get: (target, name) => (name in target ? Reflect.get(target, name) : unreached(String(name))),
  }) as unknown as ApiServices & AppOptions;
  return createApp(
    all,
    createRoutes(all, { publicUrl: all.publicUrl, temporalUi: null, log: all.log, clock: Date.now }),
  );
}
