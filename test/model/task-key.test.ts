import { expect, it } from 'vitest';
import { executionKey, itemKey, keyOfVisit, parseTaskKey, tryKey, tryNumber, visitKey } from '../../model/task-key.ts';

const cases = [
  { key: 'deploy', name: 'deploy', visit: 1, item: null, tries: 1, execution: 'deploy', visited: 'deploy' },
  { key: 'deploy#2', name: 'deploy', visit: 2, item: null, tries: 1, execution: 'deploy#2', visited: 'deploy#2' },
  { key: 'deploy[0]', name: 'deploy', visit: 1, item: 0, tries: 1, execution: 'deploy[0]', visited: 'deploy' },
  { key: 'deploy~3', name: 'deploy', visit: 1, item: null, tries: 3, execution: 'deploy', visited: 'deploy' },
  { key: 'a#12[34]~56', name: 'a', visit: 12, item: 34, tries: 56, execution: 'a#12[34]', visited: 'a#12' },
];

it.each(cases)('builds and reads $key', ({ key, name, visit, item, tries, execution, visited }) => {
  const ofVisit = visitKey(name, visit);
  const ofExecution = item === null ? ofVisit : itemKey(ofVisit, item);
  expect(ofVisit).toBe(visited);
  expect(ofExecution).toBe(execution);
  expect(tryKey({ key: ofExecution, tries })).toBe(key);
  expect(executionKey(key)).toBe(execution);
  expect(tryNumber(key)).toBe(tries);
  expect(keyOfVisit(execution)).toBe(visited);
  expect(parseTaskKey(key)).toEqual({ name, visit, item });
});
