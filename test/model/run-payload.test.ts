import { createHash } from 'node:crypto';
import { deflateRawSync } from 'node:zlib';
import { deflateSync, strFromU8, strToU8 } from 'fflate';
import { describe, expect, it } from 'vitest';
import type { Json } from '../../model/json.ts';
import { INTERPRETER_VERSION, isRunInput, type RunInput } from '../../model/run-input.ts';
import {
  DEFLATED,
  DEFLATED_INPUTS,
  DICTIONARY,
  readRunInput,
  withoutDeflation,
  writeRunInput,
} from '../../model/run-payload.ts';

const runOf = (tasks: number, interpreter = INTERPRETER_VERSION): RunInput => ({
  interpreter,
  n: 1,
  ref: 'a.b',
  version: '1.0.0',
  revision: 1,
  hash: null,
  definition: {
    tasks: Array.from({ length: tasks }, (_, at) => ({ name: `t${at}`, action: 'core.noop', input: { text: 'ä👍' } })),
  },
  actions: {},
});
const read = ({ metadata, data }: ReturnType<typeof writeRunInput>) =>
  readRunInput(JSON.parse(strFromU8(data)) as Json, metadata[DEFLATED]);

describe('the run input', () => {
  it('is read as it was written, small and large', () => {
    for (const tasks of [1, 10, 100, 5_000]) expect(read(writeRunInput(runOf(tasks)))).toEqual(runOf(tasks));
  });

  it('is deflated where that saves something', () => {
    expect(Object.keys(writeRunInput(runOf(0)).metadata)).toEqual(['encoding']);
    const { metadata, data } = writeRunInput(runOf(100));
    expect(metadata[DEFLATED]!.length + data.length).toBeLessThan(JSON.stringify(runOf(100)).length / 5);
  });

  it('is the same to read whoever has deflated it', () => {
    const byNode = writeRunInput(runOf(100), (bytes) => deflateRawSync(bytes, { dictionary: DICTIONARY }));
    expect(read(byNode)).toEqual(runOf(100));
  });

  it('is deflated by a dictionary that never changes', () => {
    expect(createHash('sha256').update(DICTIONARY).digest('hex')).toBe(
      'e403235a428f805fd31a20b44f52fae9dd26173fa9dd8bdec46b357d41cf68b8',
    );
    expect(writeRunInput(runOf(3)).metadata[DEFLATED]!.length).toBeLessThan(150);
  });

  it('stays plain for a run that a worker of an earlier version may continue', () => {
    const { metadata, data } = writeRunInput(runOf(100, DEFLATED_INPUTS - 1));
    expect(Object.keys(metadata)).toEqual(['encoding']);
    expect(JSON.parse(strFromU8(data))).toEqual(runOf(100, DEFLATED_INPUTS - 1));
  });

  it('is a run of an unknown interpreter to earlier versions', () => {
    const seen: unknown = JSON.parse(strFromU8(writeRunInput(runOf(100)).data));
    expect(isRunInput(seen) && seen.interpreter).toBe(INTERPRETER_VERSION);
  });

  it.each([
    [
      'is larger than a payload may be',
      deflateSync(strToU8(JSON.stringify({ interpreter: 11, text: ' '.repeat(3_000_000) }))),
    ],
    ['ends too early', deflateSync(strToU8(JSON.stringify(runOf(100)))).subarray(0, 100)],
    ['is empty', new Uint8Array()],
    ['is no deflated text', strToU8('nothing of the kind')],
    ['is no JSON', deflateSync(strToU8('{"interpreter":11'))],
    ['is of another interpreter', deflateSync(strToU8(JSON.stringify(runOf(100, 3))))],
  ])('is refused when its text %s', (_, deflated) => {
    expect(readRunInput({ interpreter: INTERPRETER_VERSION, definition: {} }, deflated)).toBeNull();
  });

  it('is inflated no further than it may be', () => {
    let portions = 0;
    class Counted extends Uint8Array {
      override subarray(begin?: number, end?: number): Uint8Array<ArrayBuffer> {
        portions += 1;
        return Uint8Array.from(this.slice(begin, end));
      }
    }
    const bomb = new Counted(deflateSync(new Uint8Array(64 * 1024 * 1024)));
    expect(readRunInput({ interpreter: INTERPRETER_VERSION, definition: {} }, bomb)).toBeNull();
    expect(portions).toBeLessThan(5);
  });

  it('is shown whole to those who ask for payloads', () => {
    const payload = writeRunInput(runOf(100));
    const shown = withoutDeflation(payload);
    expect(Object.keys(shown.metadata)).toEqual(['encoding']);
    expect(JSON.parse(strFromU8(shown.data))).toEqual(runOf(100));
    const damaged = { ...payload, metadata: { ...payload.metadata, [DEFLATED]: strToU8('damaged') } };
    expect(withoutDeflation(damaged)).toBe(damaged);
    expect(withoutDeflation({ data: strToU8('1') })).toEqual({ data: strToU8('1') });
  });
});
