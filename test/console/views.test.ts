import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { RequestError } from '../../console/client/request-error.ts';
import { forgetView, savedViews, saveView, viewsKey } from '../../console/pages/runs/views.ts';

const stored = new Map<string, string>();
const setItem = vi.fn((key: string, value: string) => void stored.set(key, value));
const ANN = viewsKey('', { tenant: 'default', subject: 'ann' });

beforeEach(() => {
  stored.clear();
  vi.stubGlobal('localStorage', { getItem: (key: string) => stored.get(key) ?? null, setItem });
});
afterEach(() => vi.unstubAllGlobals());

it('views are kept until they are forgotten, the newest first, one of a name', () => {
  saveView(ANN, { name: 'failed', query: 'status=failed' });
  saveView(ANN, { name: 'mine', query: 'search=1' });
  saveView(ANN, { name: 'failed', query: 'status=failed&live=0' });
  expect(savedViews(ANN)).toEqual([
    { name: 'failed', query: 'status=failed&live=0' },
    { name: 'mine', query: 'search=1' },
  ]);
  expect(forgetView(ANN, 'failed')).toEqual([{ name: 'mine', query: 'search=1' }]);
});

it.each([
  ['', 'default', 'ben'],
  ['', 'other', 'ann'],
  ['/below', 'default', 'ann'],
])('views are of nobody else: "%s" %s %s', (root, tenant, subject) => {
  saveView(ANN, { name: 'of ann', query: '' });
  expect(savedViews(viewsKey(root, { tenant, subject }))).toEqual([]);
});

it('what is stored and is no view is left out', () => {
  stored.set(ANN, JSON.stringify([{ name: 'a', query: '' }, { name: 1, query: '' }, null]));
  expect(savedViews(ANN)).toEqual([{ name: 'a', query: '' }]);
  stored.set(ANN, 'not JSON');
  expect(savedViews(ANN)).toEqual([]);
});

it('a browser that stores nothing is a refusal, which a dialog shows', () => {
  setItem.mockImplementationOnce(() => {
    throw new DOMException('full', 'QuotaExceededError');
  });
  expect(() => saveView(ANN, { name: 'a', query: '' })).toThrow(RequestError);
});
