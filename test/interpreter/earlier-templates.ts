import type { Definition } from '../../model/definition.ts';
import { act } from './rehearse.ts';

/** A condition that holds, or a template that fails. */
type EarlierTemplate = { when: string } | { fails: string };

/**
 * The decisions of templates in runs of interpreters up to 9: the second dialect answers each of them differently
 * (test/expression/dialect.test.ts has more of each kind). Their histories were recorded with interpreter 7, whose answers the present
 * code keeps (test/fixtures/record.ts): a replay notices the first step that is not taken.
 */
export const EARLIER_TEMPLATES: { name: string; rows: EarlierTemplate[] }[] = [
  {
    name: 'templates of the first dialect: texts',
    rows: [
      { when: "('ab' | regex_replace('(a)', '\\\\2')) == '$2b'" },
      { when: "('a1b22' | regex_findall('[a-z]([0-9]+)')) == ['a1', 'b22']" },
      { when: "'a'.center(3, 'xy') == ' a '" },
      { when: "('a &amp; b' | striptags) == 'a &amp; b'" },
      { when: "('1.0.0+b1' | version_compare('1.0.0+b2')) == -1" },
    ],
  },
  {
    name: 'templates of the first dialect: dictionaries',
    rows: [
      { when: "'a' not in dict([('a', 1)])" },
      { when: "({'a': [1]} | combine({'a': [2]}, list_merge='append')) == {'a': [2]}" },
      { when: "([{'a': 1}] | groupby('a'))[0].grouper is not defined" },
      { when: "{1: 'a'}.get(1) is none" },
      { when: "({'a': 1} | attr('a')) == 1" },
    ],
  },
  {
    name: 'templates of the first dialect: numbers and days',
    rows: [
      { when: '(1.25 | round(1)) == 1.3' },
      { when: "('%.0f' % 2.5) == '3'" },
      { when: '1e308 * 10 > 1e308' },
      { when: "('1e400' | float) == 0" },
      { when: '(\'{"a": 9007199254740993}\' | from_json).a > 9007199254740990' },
      { when: "('A' | b64decode) == ''" },
      { when: "('2026-02-29' | date) == '2026-03-01'" },
    ],
  },
  {
    name: 'templates of the first dialect: what does not exist',
    rows: [
      { fails: '{% set q = nope %}{{ 1 }}' },
      { fails: '{{ 5 | default(nope) }}' },
      { fails: '{% for n in [1] recursive %}{{ loop([]) }}{% endfor %}' },
    ],
  },
];

/** Returns a definition that takes one step after another as long as each condition holds, and each template fails. */
export function stepsOf(rows: readonly EarlierTemplate[]): Definition {
  const tasks = rows.flatMap((row, index) => {
    const next = `step_${index + 1}`;
    if ('when' in row)
      return [
        act(`step_${index}`, {
          next: [
            { when: row.when, do: next },
            { when: `not (${row.when})`, do: 'fail' },
          ],
        }),
      ];
    const template = {
      name: `row_${index}`,
      action: 'core.transform',
      input: row.fails,
      on_success: 'fail',
      on_failure: next,
    };
    return [act(`step_${index}`, { on_success: template.name }), template];
  });
  return { tasks: [...tasks, act(`step_${rows.length}`)] };
}
