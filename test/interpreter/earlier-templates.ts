import type { Definition } from '../../model/definition.ts';
import { act } from './rehearse.ts';

/** A condition that holds, or a template that fails. */
type EarlierTemplate = { when: string } | { fails: string };

/**
 * The decisions of templates in runs of earlier interpreters: the next dialect answers each of them differently
 * (test/expression/dialect.test.ts has more of each kind). Their histories were recorded with an interpreter of the dialect, whose answers
 * the present code keeps (test/fixtures/record.ts): a replay notices the first step that is not taken.
 */
export const EARLIER_TEMPLATES: { name: string; interpreter: 7 | 10; rows: EarlierTemplate[] }[] = [
  {
    name: 'templates of the first dialect: texts',
    interpreter: 7,
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
    interpreter: 7,
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
    interpreter: 7,
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
    interpreter: 7,
    rows: [
      { fails: '{% set q = nope %}{{ 1 }}' },
      { fails: '{{ 5 | default(nope) }}' },
      { fails: '{% for n in [1] recursive %}{{ loop([]) }}{% endfor %}' },
    ],
  },
  {
    name: 'templates of the second dialect',
    interpreter: 10,
    rows: [
      { when: '9007199254740991 // -3 == -3002399751580330' },
      { when: "(9007199254740991 | round(1, 'floor')) == 9007199254740990" },
      { when: "'%.1f' % (0 * -3) == '-0.0'" },
      { when: "['\u00a0'] ~ '' == \"['\u00a0']\"" },
      { when: "('１２' | int) == 0" },
      { when: '1 is sameas true' },
      { when: "('a\u0085b' | title) == 'A\u0085b'" },
      { fails: '{{ [1].remove(1) }}' },
      { fails: "{{ '{0[0]}'.format('a') }}" },
    ],
  },
];

/** Returns a definition that takes one step after another as long as each condition holds, and each template fails. */
export function buildSteps(rows: readonly EarlierTemplate[]): Definition {
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
