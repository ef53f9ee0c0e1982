import type { Principal } from '../../model/principal.ts';
import { refusal } from '../../model/refusal.ts';
import type { ExecutionStore } from '../../store/executions/executions.ts';
import { isHome } from './principals.ts';

/** A payload of Temporal's. */
export interface Payload {
  metadata?: Record<string, Uint8Array> | null;
  data?: Uint8Array | null;
}

/** What seals payloads for a run, and opens them; null for one that is another run's, or was changed. */
export interface PayloadSeals {
  readonly keyIds: readonly string[];
  seal(payload: Payload, workflowId: string | undefined): Payload;
  open(payload: Payload, workflowId: string | undefined): Payload | null;
}

/** Metadata that says for which run a payload is sealed. */
const RUN = 'fermata-run';

/** Payloads that Temporal's own tools ask about: whoever asks sees those of their tenant's runs. */
export interface PayloadService {
  /** The ids of this process's payload keys; the first one seals. */
  readonly keyIds: readonly string[];
  /**
   * Opens the payloads that are sealed for runs of the caller's tenant, and those of earlier versions, which are sealed for no run,
   * for the first tenant. The others stay as they are, as does one that was changed after it was sealed.
   */
  open(caller: Principal, payloads: readonly Payload[]): Promise<Payload[]>;
  /**
   * Seals payloads, each for the run of the caller's tenant that its metadata `fermata-run` names; one without is sealed for no
   * run, for the first tenant. Throws `request_invalid` for another tenant's run.
   */
  seal(caller: Principal, payloads: readonly Payload[]): Promise<Payload[]>;
}

/** The dependencies of the service. */
export interface PayloadDependencies {
  codec: PayloadSeals;
  store: Pick<ExecutionStore, 'tenantsOf'>;
  namespace: string;
}

/** Makes the service over what seals and opens; `namespace` is Temporal's. */
export function createPayloadService({ codec, store, namespace }: PayloadDependencies): PayloadService {
  /** Of some runs and schedules, those of the caller's tenant. */
  async function ownOf({ tenant }: Principal, payloads: readonly Payload[]): Promise<Set<string>> {
    const runs = new Set(payloads.flatMap((payload) => runOf(payload) ?? []));
    const tenants = await store.tenantsOf(namespace, [...runs]);
    return new Set([...runs].filter((run) => tenants.get(run) === tenant));
  }

  return {
    /** The ids of this process's payload keys; the first one seals. */
    keyIds: codec.keyIds,

    async open(caller, payloads) {
      const own = await ownOf(caller, payloads);
      return payloads.map((payload) => {
        const run = runOf(payload);
        if (run === null ? !isHome(caller) : !own.has(run)) return payload;
        return codec.open(payload, run ?? undefined) ?? payload;
      });
    },

    async seal(caller, payloads) {
      const own = await ownOf(caller, payloads);
      return payloads.map(({ metadata, data }, index) => {
        const run = runOf({ metadata: metadata ?? null });
        if (run === null ? !isHome(caller) : !own.has(run)) {
          const message = 'must be the workflow id of an execution of this tenant';
          const path = `/payloads/${index}/metadata/${RUN}`;
          throw refusal('request_invalid', [{ code: 'value_invalid', path, message }]);
        }
        const { [RUN]: _, ...rest } = metadata ?? {};
        return codec.seal({ metadata: rest, data: data ?? null }, run ?? undefined);
      });
    },
  };
}

const words = new TextDecoder();

function runOf({ metadata }: Payload): string | null {
  const run = metadata?.[RUN];
  return run === undefined ? null : words.decode(run);
}
