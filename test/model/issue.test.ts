import { expect, it } from 'vitest';
import { andMore, capIssues, didYouMean, type Issue, Suggestions } from '../../model/issue.ts';

it('a suggestion names the nearest word, if one is near enough', () => {
  expect(didYouMean('tasc', ['other', 'task'])).toBe(' Did you mean "task"?');
  expect(didYouMean('tasc', ['other'], ['TASK'])).toBe(' Did you mean "TASK"?');
  expect(didYouMean('tasc', ['something'])).toBe('');
  // Letters that have changed places are one mistake.
  expect(didYouMean('lable', ['label'])).toBe(' Did you mean "label"?');
  expect(didYouMean('ab', ['ba'])).toBe(' Did you mean "ba"?');
  expect(didYouMean('nmae', ['name'])).toBe(' Did you mean "name"?');
  expect(didYouMean('lbale', ['label'])).toBe('');
  expect(didYouMean('a'.repeat(64), ['a'.repeat(63)])).toContain('Did you mean');
  expect(didYouMean('a'.repeat(65), ['a'.repeat(64)])).toBe('');
});

it('a suggestion looks at 200 words of similar length, and at any number of others', () => {
  const others = (count: number, length: number) =>
    Array.from({ length: count }, (_, at) => `${at}`.padEnd(length, '-'));
  expect(didYouMean('tasc', [...others(10_000, 20), 'task'])).toBe(' Did you mean "task"?');
  expect(didYouMean('tasc', [...others(199, 4), 'task'])).toBe(' Did you mean "task"?');
  expect(didYouMean('tasc', [...others(200, 4), 'task'])).toBe('');
});

it('a request has 20 suggestions', () => {
  const suggestions = new Suggestions();
  const given = Array.from({ length: 30 }, () => suggestions.didYouMean('tasc', ['task']));
  expect(given.filter((text) => text !== '').length).toBe(20);
});

it('a list of issues is cut after 100, and says how many more there are', () => {
  const issue = (at: number, message = 'is wrong'): Issue => ({ code: 'x', path: `/${at}`, message });
  const issues = (count: number) => Array.from({ length: count }, (_, at) => issue(at));
  expect(capIssues(issues(100))).toEqual(issues(100));
  const cut = [...issues(100), { code: 'more_issues', path: '', message: 'and 150 more', omitted: 150 }];
  expect(capIssues(issues(250))).toEqual(cut);
  expect(capIssues(cut)).toEqual(cut);
  expect(
    capIssues([issue(0, 'x'.repeat(300_000)), issue(1), issue(2)]).map(({ message }) => message.slice(-10)),
  ).toEqual(['xxxxxxxxxx', 'and 2 more']);
});

it('lists that were cut before are joined without losing count', () => {
  const issues = (count: number, code: string) =>
    Array.from({ length: count }, (_, at): Issue => ({ code, path: `/${at}`, message: 'is wrong' }));
  const told = (list: readonly Issue[]) => [
    list.length,
    list.filter(({ code }) => code === 'more_issues').length,
    list.at(-1)?.message,
    andMore(list),
  ];
  const shape = issues(30, 'shape');
  const meaning = capIssues(issues(250, 'meaning'));
  expect(told(meaning)).toEqual([101, 1, 'and 150 more', ' (and 249 more)']);
  expect(told(capIssues([...shape, ...meaning]))).toEqual([101, 1, 'and 180 more', ' (and 279 more)']);
  expect(andMore([...shape, ...meaning])).toBe(' (and 279 more)');
  expect(told(capIssues([...capIssues(issues(101, 'a')), ...capIssues(issues(102, 'b'))]))).toEqual([
    101,
    1,
    'and 103 more',
    ' (and 202 more)',
  ]);
  // The one that stands for others comes last, whatever the order was.
  expect(capIssues([...capIssues(issues(101, 'a')).slice(-1), ...issues(2, 'b')]).map(({ code }) => code)).toEqual([
    'b',
    'b',
    'more_issues',
  ]);
});
