import { expect, it } from 'vitest';
import type { ShownRule } from '../../console/client/shapes.ts';
import {
  beginRule,
  listRuleFields,
  nameRule,
  type RuleEntries,
  readRuleForm,
  showRule,
} from '../../console/pages/events/rule/rule-fields.ts';

const RULE = {
  ref: 'shop.deploy_main',
  label: 'Deploy "main"',
  description: null,
  tags: ['a'],
  type: 'com.github.push',
  trigger_ref: null,
  webhook: null,
  when: "event.payload.ref == 'refs/heads/main'",
  workflow: 'shop.deploy',
  action_ref: null,
  version: null,
  parameters: { commit: '{{ event.payload.after }}' },
  run_tags: [],
  dedupe: { key: '{{ event.event_id }}', window: 60 },
  throttle: null,
  ordered: true,
  allow_loops: false,
};

/** Returns what a form sends whose controls show these entries. */
function fill(entries: RuleEntries): FormData {
  const form = new FormData();
  for (const [name, value] of Object.entries(entries)) form.set(name, value);
  return form;
}

it.each([
  ['a workflow', RULE],
  [
    'an action, for events of a trigger',
    { ...RULE, workflow: null, action_ref: 'core.noop', trigger_ref: 'shop.paid' },
  ],
  ['a template as parameters, and nothing optional', { ...RULE, when: null, dedupe: null, parameters: '{{ event }}' }],
])('a rule with %s that nobody has touched is sent as it was', (_, rule) => {
  const shown = rule as unknown as ShownRule;
  const sent = readRuleForm(fill(showRule(shown)));
  expect(sent).toEqual(listRuleFields(shown));
  expect(Object.keys(sent)).toEqual(Object.keys(listRuleFields(shown)));
  // The trigger has the type.
  expect(sent.type).toBe(rule.trigger_ref === null ? rule.type : null);
});

it('a new rule belongs to the pack that its name begins with, and further fields are an object', () => {
  const form = fill({ ...beginRule('shop.deploy'), label: ' A ', type: 'a.b', further: '{ "ordered": true }' });
  expect(nameRule('shop.a', readRuleForm(form))).toEqual({
    ref: 'shop.a',
    pack_ref: 'shop',
    label: 'A',
    type: 'a.b',
    webhook: null,
    when: null,
    workflow: 'shop.deploy',
    action_ref: null,
    parameters: {},
    ordered: true,
  });
  for (const further of ['[]', '1', 'null']) {
    form.set('further', further);
    expect(() => readRuleForm(form)).toThrow('"Further fields" must be an object');
  }
});
