import { describe, expect, it } from 'vitest';
import { computeFingerprint } from '../../../service/index/fingerprints.ts';

const print = (message: string, code = 'E', task: string | null = 'deploy') =>
  computeFingerprint({ code, task, message });

describe('the fingerprint of an error', () => {
  it.each([
    ['numbers', 'exit 1 after 3.5 s', 'exit 137 after 1,200 s'],
    ['URLs', 'no answer from https://a.example/x?y=1', 'no answer from http://10.0.0.1:8080'],
    ['UUIDs', 'no 0b9bd8b2-5f0f-4d8e-9b1a-0c7e4f0f9a11 here', 'no FFFFFFFF-0000-4000-8000-000000000000 here'],
    ['long hexadecimal numbers', 'commit deadbeef is bad', 'commit 0x00ff00ff00 is bad'],
    ['double quotes', 'no "a" in x', 'no "something else" in x'],
    ['single quotes', "no 'a' in x", "no 'it is 7' in x"],
    ['backticks', 'no `a` in x', 'no `b c` in x'],
    ['hosts with ports within quotes', 'reach "http://a:1"', 'reach "b"'],
  ])('is the same for messages that differ in %s alone', (_, one, other) => {
    expect(print(one)).toBe(print(other));
    expect(print(one)).toMatch(/^[\da-f]{16}$/);
  });

  it.each([
    ['words', print('not found'), print('not allowed')],
    ['code', print('no', 'E'), print('no', 'F')],
    ['task', print('no', 'E', 'a'), print('no', 'E', 'b')],
    ['task, which one has not', print('no', 'E', null), print('no', 'E', '')],
    ['words between apostrophes', print("can't read what we don't have"), print("can't write what we don't have")],
    ['the kind of what differs', print('at 7'), print('at "x"')],
    ['where code and task are divided', print('c', 'a', 'b'), print('c', 'a,b', null)],
  ])('differs by %s', (_, one, other) => {
    expect(one).not.toBe(other);
  });
});
