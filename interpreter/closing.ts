import { engineFailure } from '../model/failure.ts';
import { type Json, utf8Length } from '../model/json.ts';
import { MAX_PAYLOAD_BYTES } from '../model/run-input.ts';
import type { Command } from './events.ts';
import { schemaFailure } from './inline.ts';
import type { RunState } from './state.ts';

type Closing = Omit<Extract<Command, { type: 'close' }>, 'type'>;

/** How a run closes that has nothing left to do. */
export function closingOf(state: RunState): Closing {
  const { failure, also } = state;
  if (state.cancelling) return { outcome: 'cancelled', output: null, failure, also };
  if (failure !== null) return { outcome: state.lost ? 'abandoned' : 'failed', output: null, failure, also };
  const output = resultOf(state);
  const bytes = utf8Length(JSON.stringify(output));
  if (bytes > MAX_PAYLOAD_BYTES) {
    const message = `the result has ${bytes} bytes, more than ${MAX_PAYLOAD_BYTES}`;
    const tooLarge = engineFailure('too_large', message, { details: { field: 'output' } });
    return { outcome: 'failed', output: null, failure: tooLarge, also };
  }
  const invalid = state.outSchema === undefined ? null : schemaFailure('output', state.outSchema, output);
  if (invalid !== null) return { outcome: 'failed', output: null, failure: invalid, also };
  return { outcome: 'completed', output, failure: null, also };
}

/** The result without an `output` field: of the last task in list order, or of the leaves by name. */
function resultOf(state: RunState): Json {
  if (state.program.order === 'list') return state.visits.at(-1)?.output ?? null;
  return Object.fromEntries([...state.leaves].map(([name, index]) => [name, state.visits[index]!.output]));
}
