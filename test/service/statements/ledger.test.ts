import { expect, it } from 'vitest';
import { projectInquiries } from '../../../interpreter/inquiries.ts';
import { begin, step } from '../../../interpreter/interpreter.ts';
import { verifyLedger } from '../../../interpreter/ledger.ts';
import { DECISION_SIGNAL } from '../../../model/inquiry.ts';
import type { Json } from '../../../model/json.ts';
import { SHOWS_ALL } from '../../../model/mask.ts';
import type { Principal } from '../../../model/principal.ts';
import type { RunInput, RunMemo } from '../../../model/run-input.ts';
import { TRUST_SIGNAL } from '../../../model/statement.ts';
import { createLedgerService, type LedgerDependencies } from '../../../service/statements/ledger.ts';
import { createStatementSigner } from '../../../service/statements/statements.ts';
import { question } from '../../interpreter/inquiry-scripts.ts';
import { runInput, STARTED } from '../../interpreter/rehearse.ts';
import { annDecides, FOREIGN_KEY, KEY, placeOf, signer } from '../../interpreter/signed.ts';

const CHAIN = 'first';
const RUN: RunInput = {
  ...runInput({ tasks: [question('ask', { prompt: 'Deploy?' }), question('later', { prompt: 'Really?' })] }, 7),
  tenant: 'acme',
  blind: '00',
  trust: signer.trust(),
  starters: ['starter'],
};
const both = createStatementSigner([FOREIGN_KEY, KEY]);

/** The messages that a run is sent, in order. */
type Sent = 'add' | 'decide' | 'revoke the first' | 'revoke the added';

/** The export of a run that was sent something. */
async function exportAfter(sent: readonly Sent[]) {
  const { state } = begin(RUN, {}, STARTED, { chain: CHAIN });
  const place = () => ({ ...placeOf(RUN, CHAIN), trust: state.trust });
  const history: [name: string, payload: Json][] = [];
  const [add, revoke] = both.sealRevocation(place(), KEY.kid, KEY, STARTED) as [Json, Json];
  const decide = () => {
    const [asked] = projectInquiries(state);
    const decision = annDecides('ask', { id: `decision ${history.length}`, names: [], bound_to: asked!.bound_to });
    const trust = { keys: { [FOREIGN_KEY.kid]: FOREIGN_KEY.x } };
    return both.sealDecision({ ...place(), trust }, decision, asked!.what);
  };
  for (const each of sent) {
    if (each === 'add') history.push([TRUST_SIGNAL, add]);
    else if (each === 'revoke the first') history.push([TRUST_SIGNAL, revoke]);
    else if (each === 'revoke the added') {
      const [payload] = both.sealRevocation(place(), FOREIGN_KEY.kid, null, STARTED) as [Json];
      history.push([TRUST_SIGNAL, payload]);
    } else history.push([DECISION_SIGNAL, decide()]);
    const [name, payload] = history.at(-1)!;
    step(state, [{ type: 'signal', name, payload }], STARTED + history.length);
  }
  const memo = signer.withWarrant({ input: {}, run: RUN, memo: {} as RunMemo }, STARTED);
  const execution = {
    memo,
    workflowId: 'w',
    run: RUN,
    runId: CHAIN,
    tasks: [],
    children: [],
    projection: 'complete',
    digest: state.digest,
    trust: state.trust,
    inquiries: projectInquiries(state),
  };
  async function* pages() {
    yield history.map(([signalName, payload]) => ({
      workflowExecutionSignaledEventAttributes: {
        signalName,
        input: {
          payloads: [{ metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from(JSON.stringify(payload)) }],
        },
      },
    }));
  }
  const readUnmasked = async () => ({ n: RUN.n, execution, projected: { execution }, mask: SHOWS_ALL });
  const service = createLedgerService({
    executions: { readUnmasked },
    temporal: { history: pages },
  } as never as LedgerDependencies);
  return service.export({} as Principal, '1');
}

it.each<[readonly Sent[], string[]]>([
  [
    ['add', 'decide'],
    ['verified', 'verified', 'verified', 'verified'],
  ],
  [
    ['add', 'decide', 'revoke the added'],
    ['verified', 'verified', 'verified', 'verified'],
  ],
  [
    ['add', 'revoke the first', 'decide'],
    ['verified', 'verified', 'verified', 'verified'],
  ],
  [
    ['decide', 'add'],
    ['verified', 'verified'],
  ],
])('an export after %j holds what a key has signed that the run trusted then', async (sent, results) => {
  const ledger = await exportAfter(sent);
  const found = verifyLedger(ledger, [KEY, FOREIGN_KEY]);
  expect(found.map(({ result, reason }) => reason ?? result)).toEqual(results);
});
