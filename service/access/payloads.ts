import type { Principal } from '../../model/principal.ts';
import { refusal } from '../../model/refusal.ts';
import { withoutDeflation } from '../../model/run-payload.ts';
import type { ExecutionStore } from '../../store/executions/executions.ts';
import { isHome } from './principals.ts';

/** A payload of Temporal. */
export interface ReceivedPayload {
  metadata?: Record<string, Uint8Array> | null;
  data?: Uint8Array | null;
}

/** Encrypts payloads for a run and decrypts them; null for a payload of another run, or one that was changed. */
export interface PayloadSeals {
  readonly keyIds: readonly string[];
  seal(payload: ReceivedPayload, workflowId: string | undefined): ReceivedPayload;
  open(payload: ReceivedPayload, workflowId: string | undefined): ReceivedPayload | null;
}

/** The metadata that names the run of an encrypted payload. */
const RUN = 'fermata-run';

/** Bytes of run inputs after which no more are inflated in one request: a few deflated bytes may stand for two megabytes. */
const MAX_INFLATED = 16 * 1024 * 1024;

/** Serves Temporal's own tools: callers decrypt only payloads of their tenant's runs. */
export interface PayloadService {
  /** The ids of this process's payload keys; the first one encrypts. */
  readonly keyIds: readonly string[];
  /**
   * Decrypts and inflates the payloads of the caller's tenant's runs and, for the default tenant, those of earlier versions, which belong to no run.
   * Leaves others, and ones that were changed, as they are.
   */
  open(caller: Principal, payloads: readonly ReceivedPayload[]): Promise<ReceivedPayload[]>;
  /**
   * Encrypts payloads, each for the run of the caller's tenant that its metadata `fermata-run` names, or, for the default tenant, for
   * no run. Throws `request_invalid` for another tenant's run.
   */
  seal(caller: Principal, payloads: readonly ReceivedPayload[]): Promise<ReceivedPayload[]>;
}

/** The dependencies of the service. */
export interface PayloadDependencies {
  codec: PayloadSeals;
  store: Pick<ExecutionStore, 'tenantsOf'>;
  namespace: string;
}

/** Creates the service; `namespace` is Temporal's. */
export function createPayloadService({ codec, store, namespace }: PayloadDependencies): PayloadService {
  /** Returns the runs and schedules of some payloads that belong to the caller's tenant. */
  async function ownOf({ tenant }: Principal, payloads: readonly ReceivedPayload[]): Promise<Set<string>> {
    const runs = new Set(payloads.flatMap((payload) => runOf(payload) ?? []));
    const tenants = await store.tenantsOf(namespace, [...runs]);
    return new Set([...runs].filter((run) => tenants.get(run) === tenant));
  }

  return {
    keyIds: codec.keyIds,

    async open(caller, payloads) {
      const own = await ownOf(caller, payloads);
      let left = MAX_INFLATED;
      return payloads.map((payload) => {
        const run = runOf(payload);
        if (run === null ? !isHome(caller) : !own.has(run)) return payload;
        const opened = codec.open(payload, run ?? undefined) ?? payload;
        if (left <= 0) return opened;
        const whole = withoutDeflation(opened);
        if (whole !== opened) left -= whole.data?.length ?? 0;
        return whole;
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

function runOf({ metadata }: ReceivedPayload): string | null {
  const run = metadata?.[RUN];
  return run === undefined ? null : words.decode(run);
}
