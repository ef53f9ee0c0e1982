import { AppError } from '../../model/app-error.ts';
import { mintNumber, workflowIdOf } from '../../model/execution-id.ts';
import type { IndexEntry } from '../../model/index-entry.ts';
import type { Json } from '../../model/json.ts';
import type { HistoryEvent } from '../../projection/history.ts';
import type { Claim } from '../../store/executions/claims.ts';
import type { ExecutionStore } from '../../store/executions/executions.ts';
import type { TurnClaim, TurnStore } from '../../store/executions/turns.ts';
import { isRefused } from '../../temporal/calls.ts';
import type { Temporal } from '../../temporal/gateway.ts';
import type { Blueprint } from '../../temporal/starts.ts';
import { listTaskQueues, type TaskQueueService } from '../access/task-queues.ts';
import { indexed } from '../index/entries.ts';
import { maskInput } from '../projections/masks.ts';
import type { StatementSigner } from '../statements/statements.ts';
import { createAdmission, type Measure } from './admission.ts';
import { conflict, openAmong } from './concurrency.ts';
import { askedHash, type IdempotencyKey, idempotencyText, mismatch } from './idempotency.ts';

/** The most numbers that are tried when they are taken. */
const MINT_TRIES = 5;

/** The most runs with a key that are checked before another one waits, is skipped or is refused. */
const MAX_RIVALS = 2_000;

/** How often a start looks for a slot while runs that have closed seem to hold it. */
const TURN_TRIES = 3;

/** The options of a launch: the delay in seconds, the idempotency key, the content of the request, and a key by which no more than one run is launched. */
interface LaunchOptions {
  delay?: number | undefined;
  key: IdempotencyKey | undefined;
  asked: Json;
  sole?: IdempotencyKey | undefined;
}

/** The options of the call of Temporal: the seconds until the run starts, and the measure of the call. */
interface StartCall {
  delay: number;
  measure: Measure;
}

/** A run that was started. */
export interface Launched {
  n: number;
  workflowId: string;
  /** The first event of its history if this start began it; null when it may have continued, or ended, since. */
  started: HistoryEvent | null;
}

/** Starts runs, each exactly once and under its own number. */
export interface Launcher {
  /**
   * Starts a run, and returns the result of `show` for it. The same idempotency key with the same request is one run, also after a crash
   * in between. Tenants take turns, so that a tenant that starts as fast as it can delays another one by a few starts at most. Throws
   * `task_queue_forbidden`, `idempotency_mismatch`, `temporal_unavailable`, and `busy` when the tenant has too many starts under way, or
   * its turn does not come in time. Throws `plan_stale` when another run was launched with the sole key.
   */
  launch<T>(
    tenant: string,
    blueprintOf: (n: number) => Blueprint,
    options: LaunchOptions,
    show: (launched: Launched) => Promise<T>,
  ): Promise<T>;
}

/** The dependencies of the service. */
export interface LauncherDependencies {
  temporal: Temporal;
  store: ExecutionStore;
  turns: TurnStore;
  signer: Pick<StatementSigner, 'withWarrant'>;
  queues: Pick<TaskQueueService, 'demandOwn'>;
  /** Returns the time in milliseconds. */
  clock: () => number;
}

/** Creates the launcher; `clock` returns milliseconds. */
export function createLauncher({ temporal, store, turns, signer, queues, clock }: LauncherDependencies): Launcher {
  const { namespace } = temporal;
  const admit = createAdmission(clock);
  let last = 0;

  function entryOf({ input, run, memo }: Blueprint): IndexEntry {
    const { n, tenant, ref, revision, definition_id, enforcement, executor, owner, tags, actions } = memo;
    const now = new Date(clock());
    return {
      namespace,
      workflowId: workflowIdOf(n),
      n,
      runId: null,
      tenant,
      ref,
      revision,
      definition: definition_id,
      pack: ref.split('.')[0]!,
      actions,
      status: 'requested',
      waiting: null,
      parent: null,
      enforcement,
      executor,
      owner,
      starters: run.starters ?? null,
      tags,
      mode: memo.mode ?? null,
      retryOf: memo.retry_of ?? null,
      input: indexed(maskInput(input, run.write_only ?? [])),
      ...(memo.turn === undefined ? {} : { turn: memo.turn }),
      result: null,
      error: null,
      errorCode: null,
      errorTask: null,
      fingerprint: null,
      created: now,
      updated: now,
      closed: null,
      version: { start: 0, run: '', closed: false, event: 0 },
    };
  }

  /** Claims a slot for a run with a concurrency key, and adds the verdict to what it is started with. Throws `concurrency_conflict`. */
  async function withTurn(blueprint: Blueprint, { entry }: Claim, delay: number): Promise<Blueprint> {
    const { turn, tenant, ref } = blueprint.memo;
    if (turn === undefined) return blueprint;
    const wanted = { namespace, workflowId: entry.workflowId, tenant, ref, turn };
    let claimed = await claimTurn(wanted, delay);
    for (let tries = 1; !claimed.isSure && tries < TURN_TRIES; tries += 1) claimed = await claimTurn(wanted, delay);
    const { verdict } = claimed;
    if (verdict === 'fail') throw conflict(ref, turn);
    return verdict === 'wait' ? blueprint : { ...blueprint, run: { ...blueprint.run, turn: verdict } };
  }

  /**
   * Claims a slot after the runs that have closed have left theirs. It is not sure that there was no room where fewer runs than the limit
   * were open: the index may just have written one as it was before it closed, with its claim.
   */
  async function claimTurn(wanted: TurnClaim, delay: number) {
    const { limit } = wanted.turn;
    const rivals = await turns.rivals(wanted, MAX_RIVALS);
    // As many open runs as the limit allows prove that there is no room; until then each may have closed.
    let open = 0;
    for (let at = 0; at < rivals.length && open < limit; at += limit) {
      open += (await openAmong(temporal, turns, rivals.slice(at, at + limit), clock())).size;
    }
    const verdict = await turns.claim(wanted, delay > 0 ? new Date(clock() + delay * 1000) : undefined);
    return { verdict, isSure: open >= limit || verdict === 'begin' || verdict === 'wait' };
  }

  /** Adds the verdict to a run that claimed its slot earlier. */
  async function withKnownTurn(blueprint: Blueprint, workflowId: string): Promise<Blueprint> {
    if (blueprint.memo.turn === undefined || !(await turns.isGranted(namespace, workflowId))) return blueprint;
    return { ...blueprint, run: { ...blueprint.run, turn: 'begin' } };
  }

  async function launch(
    tenant: string,
    blueprint: Blueprint,
    { delay, measure }: StartCall,
    claim: Claim,
  ): Promise<Launched> {
    const { n, workflowId } = claim.entry;
    try {
      const memo = signer.withWarrant(blueprint, clock());
      const started = await measure(() => temporal.start({ ...blueprint, memo, workflowId, delay }));
      // Whether a run with a concurrency key waits is decided when it begins.
      return { n, workflowId, started: memo.turn === undefined ? started : null };
    } catch (error) {
      // Without a refusal, the run may have started: row and key stay, and the reconciler or a repetition finds out.
      if (isRefused(error)) await release(tenant, claim);
      throw error;
    }
  }

  async function release(tenant: string, claim: Claim): Promise<void> {
    await store.unclaim(tenant, claim);
    if (claim.entry.turn !== undefined) await turns.leave(namespace, claim.entry.workflowId);
  }

  /** Mints a number that is larger than all before it. */
  function mint(): number {
    last = mintNumber(last, clock());
    return last;
  }

  async function launchOnce(
    tenant: string,
    blueprintOf: (n: number) => Blueprint,
    { delay = 0, measure, ...request }: LaunchOptions & Pick<StartCall, 'measure'>,
  ): Promise<Launched> {
    const keys = claimedKeys(request);
    for (let tries = 0; tries < MINT_TRIES; tries += 1) {
      const n = mint();
      const blueprint = blueprintOf(n);
      await queues.demandOwn(tenant, listTaskQueues(blueprint.run));
      const claim: Claim = { entry: entryOf(blueprint), ...keys };
      const claimed = await store.claim(tenant, claim);
      if (claimed === 'taken') continue;
      if (claimed === 'spent') throw new AppError('plan_stale', 'another retry has been started by this plan');
      if (claimed === 'claimed') return launchClaimed(tenant, blueprint, { delay, measure }, claim);
      if (claimed.bodyHash !== keys.idempotency?.bodyHash) throw mismatch();
      return launchAgain(tenant, blueprintOf(claimed.n), { delay, measure });
    }
    throw new AppError('internal', 'no free execution id was found');
  }

  /** Starts a run whose number was just claimed. */
  async function launchClaimed(tenant: string, blueprint: Blueprint, call: StartCall, claim: Claim): Promise<Launched> {
    const whole = await withTurn(blueprint, claim, call.delay).catch(async (error: unknown) => {
      // After any other error, row and key stay: a repetition may have started the run in the meantime. Without a key there is none.
      const isRefusal = error instanceof AppError && error.code === 'concurrency_conflict';
      if (isRefusal || claim.idempotency === undefined) await release(tenant, claim);
      throw error;
    });
    return launch(tenant, whole, call, claim);
  }

  /** Starts a run that an earlier request claimed, and maybe started: a process may have died in between. */
  async function launchAgain(tenant: string, blueprint: Blueprint, call: StartCall): Promise<Launched> {
    const entry = entryOf(blueprint);
    await store.write([entry]);
    return launch(tenant, await withKnownTurn(blueprint, entry.workflowId), call, { entry });
  }

  return {
    launch: (tenant, blueprintOf, options, show) =>
      admit(tenant, async (measure) => show(await launchOnce(tenant, blueprintOf, { ...options, measure }))),
  };
}

/** Returns the keys that a request claims. */
function claimedKeys({ key, asked, sole }: LaunchOptions): Pick<Claim, 'idempotency' | 'sole'> {
  return {
    idempotency: key === undefined ? undefined : { key: idempotencyText(key), bodyHash: askedHash(asked) },
    sole: sole === undefined ? undefined : idempotencyText(sole),
  };
}
