import { expect, it } from 'vitest';
import { assignProblems, formControls } from '../../api/inquiries/page/fields.ts';
import type { Message, MessageOption } from '../../chat/message.ts';
import { readInteraction } from '../../chat/slack-interaction.ts';
import { formView } from '../../chat/slack-message.ts';
import { renderCard } from '../../chat/teams-card.ts';
import type { Json } from '../../model/json.ts';

const CHOICES: [choice: Json, label: string][] = [
  ['now', 'now'],
  ['', ''],
  [7, '7'],
  [true, 'true'],
  [null, 'null'],
  [['a', 'b'], '["a","b"]'],
  [{ a: 1 }, '{"a":1}'],
  [{ toString: 1 }, '{"toString":1}'],
];
const values = CHOICES.map(([choice]) => choice);
const labels = CHOICES.map(([, label]) => label);
const form = { properties: { when: { enum: values } } };
const option: MessageOption = {
  ref: 'approve',
  label: 'Approve',
  style: 'primary',
  outcome: 'approve',
  sealed: 'sealed',
  form: true,
  asks: true,
};
const message: Message = {
  title: 'Release?',
  reason: null,
  details: null,
  status: 'pending',
  plan: [],
  facts: '',
  votes: [],
  closing: null,
  options: [option],
  form,
};

it('a choice that is no text is shown as JSON on the page', () => {
  const [control] = formControls(form, {}, assignProblems(form, []));
  const text = String(control).replaceAll('&quot;', '"');
  for (const label of labels) expect(text).toContain(`>${label}</option>`);
});

it('a choice that is no text is shown as JSON in Slack', () => {
  const shown = JSON.parse(JSON.stringify(formView(message, option).blocks[1])) as {
    element: { options: { text: { text: string } }[] };
  };
  expect(shown.element.options.map(({ text }) => text.text)).toEqual(labels);
});

it('a choice that is no text is shown as JSON in Teams', () => {
  const { body } = renderCard(message) as unknown as { body: { choices?: { title: string; value: string }[] }[] };
  const choices = body.flatMap((each) => each.choices ?? []);
  expect(choices.map(({ title }) => title)).toEqual(labels);
  expect(choices.map(({ value }) => value)).toEqual(values.map((value) => JSON.stringify(value)));
});

const odd = { toString: 1, valueOf: null };

it.each<[string, Json, object | null]>([
  ['an id that is an object', { type: 'block_actions', actions: [{ action_id: odd }] }, null],
  [
    'values that are objects',
    { type: 'block_actions', team: { id: odd }, api_app_id: odd, actions: [{ action_id: 'decide:a', value: odd }] },
    { kind: 'press', team: '', app: '', sealed: '' },
  ],
  [
    'a form whose texts are objects',
    { type: 'view_submission', user: { id: odd }, view: { callback_id: 'decide', private_metadata: odd, id: [odd] } },
    { kind: 'submit', user: '', sealed: '', once: '' },
  ],
])('a payload of Slack with %s is read', (_, payload, read) => {
  const found = readInteraction(payload);
  if (read === null) expect(found).toBeNull();
  else expect(found).toMatchObject(read);
});
