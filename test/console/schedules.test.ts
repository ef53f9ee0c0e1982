import { expect, it } from 'vitest';
import { RequestError } from '../../console/client/request-error.ts';
import { doneText, failedText } from '../../console/pages/schedules/schedule-acts.ts';

it('an act on a schedule is said in a sentence', () => {
  expect(doneText('nightly', 'pause', undefined)).toBe('nightly is paused.');
  expect(doneText('nightly', 'resume', undefined)).toBe('nightly is resumed.');
  expect(doneText('nightly', 'trigger', 42)).toBe('nightly starts run 42.');
});

it.each([
  [0, 'It is not known whether nightly was changed: The API cannot be reached.'],
  [404, 'nightly was not changed: The API cannot be reached.'],
])('an act that failed with status %i is not said to have done more, or less, than is known', (status, text) => {
  const error = new RequestError('The API cannot be reached.', { status, code: 'unreachable', requestId: null });
  expect(failedText('nightly', error)).toBe(text);
});
