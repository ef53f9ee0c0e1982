import { expect, it } from 'vitest';
import { RequestError } from '../../console/client/request-error.ts';
import type { ShownRule } from '../../console/client/shapes.ts';
import {
  listRuleFields,
  locateRefusal,
  NEW_RULE,
  nameRule,
  pickChanges,
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
])('a rule with %s that nobody has touched is read as it was', (_, rule) => {
  const shown = rule as unknown as ShownRule;
  const sent = readRuleForm(fill(showRule(shown)));
  expect(sent).toEqual(listRuleFields(shown));
  expect(Object.keys(sent)).toEqual(Object.keys(listRuleFields(shown)));
  expect(pickChanges(sent, listRuleFields(shown))).toEqual({});
  // The trigger has the type.
  expect(sent.type).toBe(rule.trigger_ref === null ? rule.type : null);
});

const TRIGGERED = { ...RULE, trigger_ref: 'shop.paid' };

it.each<[string, object, Partial<RuleEntries>, object]>([
  ['a label', RULE, { label: 'Deploy' }, { label: 'Deploy' }],
  ['no condition', RULE, { when: '' }, { when: null }],
  ['an action', RULE, { kind: 'action_ref', started: 'core.noop' }, { workflow: null, action_ref: 'core.noop' }],
  ['other parameters', RULE, { parameters: '{}' }, { parameters: {} }],
  ['another order of keys', { ...RULE, parameters: { a: 1, b: 2 } }, { parameters: '{ "b": 2, "a": 1 }' }, {}],
  ['no further fields', RULE, { further: '' }, { tags: [], dedupe: null, ordered: false }],
  [
    'one further field',
    RULE,
    { further: '{ "tags": ["a"], "ordered": true, "version": "2" }' },
    { dedupe: null, version: '2' },
  ],
  [
    'a type instead of a trigger',
    TRIGGERED,
    { type: 'a.b', further: '{ "tags": ["a"], "ordered": true }' },
    { type: 'a.b', dedupe: null, trigger_ref: null },
  ],
])('a change to %s is all that is sent', (_, rule, entered, changes) => {
  const shown = rule as ShownRule;
  const read = readRuleForm(fill({ ...showRule(shown), ...entered }));
  expect(pickChanges(read, listRuleFields(shown))).toEqual(changes);
});

it('a new rule belongs to the pack that its name begins with, and further fields are an object of known ones', () => {
  const form = fill({
    ...NEW_RULE,
    label: ' A ',
    type: 'a.b',
    started: 'shop.deploy',
    further: '{ "ordered": true }',
  });
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
    description: null,
    tags: [],
    trigger_ref: null,
    version: null,
    run_tags: [],
    dedupe: null,
    throttle: null,
    ordered: true,
    allow_loops: false,
  });
  for (const further of ['[]', '1', 'null']) {
    form.set('further', further);
    expect(() => readRuleForm(form)).toThrow('"Further fields" must be an object');
  }
  for (const name of ['ref', 'label', 'enabled', 'toString']) {
    form.set('further', JSON.stringify({ [name]: null }));
    expect(() => readRuleForm(form)).toThrow(`"Further fields" cannot have "${name}".`);
  }
});

it.each([
  ['workflow', 'started'],
  ['action_ref', 'started'],
  ['pack_ref', 'ref'],
  ['trigger_ref', 'further'],
  ['throttle', 'further'],
  ['when', 'when'],
  [null, null],
])('a refusal of %s is about the control %s', (field, control) => {
  const said = { status: 400, code: 'rule_invalid', requestId: 'r', details: { a: 1 }, further: ['/when no'] };
  const located = locateRefusal(new RequestError('no', { ...said, control: field }));
  expect(located).toMatchObject({ message: 'no', ...said, control });
});
