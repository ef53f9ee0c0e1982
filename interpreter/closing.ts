import { RenderError, renderValue, type TemplateValue } from '../language/templates/value.ts';
import { engineFailure } from '../model/failure.ts';
import type { Json, JsonObject } from '../model/json.ts';
import { MAX_PAYLOAD_BYTES } from '../model/run-input.ts';
import { mergedVariables } from './branches.ts';
import { derive, excessOf } from './derive.ts';
import type { Command } from './events.ts';
import { schemaFailure } from './inline.ts';
import { createScope } from './scope.ts';
import type { RunState } from './state.ts';
import { templateFailure } from './visits.ts';
import { beginWork } from './work.ts';

type Closing = Omit<Extract<Command, { type: 'close' }>, 'type'>;

/** Returns how a run closes that has nothing left to do. */
export function decideClosing(state: RunState): Closing {
  const { failure, also, stopping } = state;
  beginWork(state);
  if (stopping === 'cancelled') return { outcome: 'cancelled', output: null, failure, also };
  if (failure !== null) {
    const outcome = stopping ?? (state.lost ? 'abandoned' : 'failed');
    return bounded(state, { outcome, output: partialOutput(state), failure, also });
  }
  const failed = (reason: Closing['failure']): Closing => ({ outcome: 'failed', output: null, failure: reason, also });
  let output: Json;
  try {
    output = resultOf(state);
  } catch (error) {
    return failed(templateFailure(error));
  }
  const bytes = derive(state, 'size', () => excessOf(output));
  if (bytes !== null) {
    const message = `the result has ${bytes} bytes, more than ${MAX_PAYLOAD_BYTES}`;
    return failed(engineFailure('too_large', message, { details: { field: 'output' } }));
  }
  const invalid = state.outSchema === undefined ? null : schemaFailure(state, 'output', state.outSchema, output);
  if (invalid !== null) return failed(invalid);
  return { outcome: 'completed', output, failure: null, also };
}

/**
 * Returns the result: the rendered `output`; without it, the output of the last task of a list, or those of the leaves of a graph by name.
 */
function resultOf(state: RunState): Json {
  const { output, order } = state.program;
  if (output !== null) {
    const scope = outputScope(state);
    const render = (template: TemplateValue) => derive(state, 'template', () => renderValue(template, scope));
    if ('whole' in output) return render(output.whole);
    return Object.fromEntries(output.named.map(([name, template]) => [name, render(template)]));
  }
  if (order === 'list') return state.visits.findLast((visit) => visit !== undefined)?.output ?? null;
  return Object.fromEntries([...state.leaves].map(([name, index]) => [name, state.visits[index]!.output]));
}

/** Renders `output` after a failure: each name that can be rendered. */
function partialOutput(state: RunState): Json {
  const { output } = state.program;
  if (output === null) return null;
  const scope = outputScope(state);
  const rendered: JsonObject = {};
  for (const [name, template] of 'named' in output ? output.named : [['', output.whole] as const]) {
    try {
      rendered[name] = derive(state, 'template', () => renderValue(template, scope));
    } catch (error) {
      if (!(error instanceof RenderError)) throw error;
    }
  }
  return 'named' in output ? rendered : (rendered[''] ?? null);
}

function outputScope(state: RunState) {
  return createScope(state, { visit: null, variables: mergedVariables(state), error: state.failure });
}

/** Makes a closing small enough to be sent, so that its failure is not lost: leaves out details first, then later failures. */
function bounded(state: RunState, closing: Closing): Closing {
  const fitting = (candidate: Closing) => derive(state, 'size', () => excessOf(candidate) === null);
  if (fitting(closing)) return closing;
  const short = closing.also.map(({ details: _, cause: __, ...rest }) => rest);
  const { details: _, cause: __, ...failure } = closing.failure!;
  const candidates: Closing[] = [
    { ...closing, also: short },
    { ...closing, also: short, output: null },
    { ...closing, also: short.slice(0, 100), output: null, failure },
  ];
  const fits = candidates.find(fitting);
  const message = `${failure.message.slice(0, 10_000)}…`;
  return fits ?? { ...closing, also: [], output: null, failure: { ...failure, message } };
}
