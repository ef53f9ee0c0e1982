import { expect, it } from 'vitest';
import { readPoint, writeTask } from '../../console/pages/run/fork/fork-points.ts';
import { lastHappened } from '../../console/pages/run/fork/last-happened.ts';

const TASKS = [
  { key: 'build', events: { scheduled: null, ended: null } },
  { key: 'publish', events: { scheduled: 5, ended: 7 } },
  { key: 'deploy', events: { scheduled: 11, ended: null } },
];

it.each([
  [4, 'No task had been scheduled by then.'],
  [5, 'Last before that: publish was scheduled (event 5).'],
  [6, 'Last before that: publish was scheduled (event 5).'],
  [7, 'Last before that: publish ended (event 7).'],
  [10, 'Last before that: publish ended (event 7).'],
  [12, 'Last before that: deploy was scheduled (event 11).'],
  [Number.NaN, 'No task had been scheduled by then.'],
])('what last happened up to event %d', (event, words) => {
  expect(lastHappened(TASKS, event)).toBe(words);
  expect(lastHappened([...TASKS].reverse(), event)).toBe(words);
});

it.each([
  ['failed', { point: 'failed', named: '' }],
  ['start', { point: 'start', named: '' }],
  [writeTask('start'), { point: 'task', named: 'start' }],
  [writeTask('deploy'), { point: 'task', named: 'deploy' }],
  ['event:12', { point: 'event', named: '12' }],
])('a fork from %s is described by its radio button', (from, point) => {
  expect(readPoint(from)).toEqual(point);
});
