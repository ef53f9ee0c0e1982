import type { Definition } from '../../model/definition.ts';
import type { Outcome } from '../../model/failure.ts';
import type { Decision, InquiryStatus, Verdict } from '../../model/inquiry.ts';
import type { Json, JsonObject } from '../../model/json.ts';
import { act, give } from './rehearse.ts';

/** Events from outside, one after the other, each sent once the run waits. */
export type ScriptStep =
  | ({ decide: string; option?: string; by?: string } & Partial<Decision>)
  | { expire: true }
  | { cancel: true };

/** A table row: a definition, the actions of people, and the expected results, in the interpreter and on a real server. */
export interface InquiryScript {
  name: string;
  definition: Definition;
  input?: JsonObject;
  starters?: string[];
  script: ScriptStep[];
  expect: {
    outcome: Outcome;
    output?: Json;
    failure?: { type: string; task?: string; message?: string };
    /** The outcome of each inquiry, by its key. */
    inquiries: Record<string, InquiryStatus>;
    /** The verdict on each decision in turn: `decided`, `counted`, or why it was refused. */
    verdicts: string[];
    /** Keys of the visits that have succeeded. */
    done?: string[];
  };
}

export const question = (name: string, input: JsonObject = {}, rest: object = {}) => ({
  name,
  action: 'core.inquiry',
  input,
  ...rest,
});

const FORM = {
  response_schema: { type: 'object', required: ['count'], properties: { count: { type: 'integer' } } },
};

/** The word of a verdict. */
export const wordOf = (verdict: Verdict): string => (verdict.result === 'refused' ? verdict.reason : verdict.result);

const approval: Definition = {
  tasks: [
    question('approve', {}, { on_success: 'go', on_failure: 'no' }),
    give('go', '{{ approve.output.option }} by {{ approve.output.decided_by | join(", ") }}'),
    give('no', '{{ error.type }}: {{ error.message }}'),
  ],
};

export const INQUIRY_SCRIPTS: InquiryScript[] = [
  {
    name: 'approved: the task gives who decided, and its success leads on',
    definition: approval,
    script: [{ decide: 'approve', by: 'ann', response: { why: 'fine' }, comment: 'go ahead' }],
    expect: {
      outcome: 'completed',
      output: { go: 'approve by ann' },
      inquiries: { approve: 'approved' },
      verdicts: ['decided'],
    },
  },
  {
    name: 'denied: the task fails with the type denied and the comment, which on_failure takes',
    definition: approval,
    script: [{ decide: 'approve', option: 'deny', by: 'ann', comment: 'not today' }],
    expect: {
      outcome: 'completed',
      output: { no: 'denied: denied by ann: not today' },
      inquiries: { approve: 'denied' },
      verdicts: ['decided'],
    },
  },
  {
    name: 'expired: absence is never consent',
    definition: {
      tasks: [
        question('approve', { timeout: 0.3 }, { on_success: 'go', on_failure: 'no' }),
        ...approval.tasks.slice(1),
      ],
    },
    script: [{ expire: true }],
    expect: {
      outcome: 'completed',
      output: { no: 'expired: nobody decided in time' },
      inquiries: { approve: 'expired' },
      verdicts: [],
    },
  },
  {
    name: 'an unhandled denial fails the run',
    definition: { tasks: [question('ask'), act('never')] },
    script: [{ decide: 'ask', option: 'deny', by: 'ann' }],
    expect: {
      outcome: 'failed',
      failure: { type: 'denied', task: 'ask', message: 'denied by ann' },
      inquiries: { ask: 'denied' },
      verdicts: ['decided'],
    },
  },
  {
    name: 'siblings go on while people think',
    definition: {
      output: { side: '{{ side3.output }}' },
      tasks: [
        question('ask', {}, { on_success: 'end' }),
        act('side1', { on_success: 'side2' }),
        act('side2', { on_success: 'side3' }),
        give('side3', 'done before', { on_success: 'end' }),
        act('end', { join: 'all' }),
      ],
    },
    script: [{ decide: 'ask', by: 'ann' }],
    expect: {
      outcome: 'completed',
      output: { side: 'done before' },
      inquiries: { ask: 'approved' },
      verdicts: ['decided'],
      done: ['ask', 'end', 'side1', 'side2', 'side3'],
    },
  },
  {
    name: 'a quorum counts people, each once; the last of them decides',
    definition: { tasks: [question('ask', { quorum: 2 }), give('who', '{{ ask.output.decided_by }}')] },
    script: [
      { decide: 'ask', by: 'ann' },
      { decide: 'ask', by: 'ann', id: 'again' },
      { decide: 'ask', by: 'bob' },
    ],
    expect: {
      outcome: 'completed',
      output: ['ann', 'bob'],
      inquiries: { ask: 'approved' },
      verdicts: ['counted', 'already_voted', 'decided'],
    },
  },
  {
    name: 'one denial decides against a quorum, unless several are needed for that too',
    definition: {
      start: ['one', 'two'],
      tasks: [
        question('one', { quorum: 3 }, { on_failure: 'noop' }),
        question('two', { quorum: 3, deny_quorum: 2 }, { on_failure: 'noop' }),
      ],
    },
    script: [
      { decide: 'one', by: 'ann', option: 'deny' },
      { decide: 'two', by: 'ann', option: 'deny' },
      { decide: 'two', by: 'bob', option: 'approve' },
      { decide: 'two', by: 'cid', option: 'deny' },
    ],
    expect: {
      outcome: 'completed',
      inquiries: { one: 'denied', two: 'denied' },
      verdicts: ['decided', 'counted', 'counted', 'decided'],
    },
  },
  {
    name: 'who is not asked, and who started the run, may not decide',
    definition: { tasks: [question('ask', { approvers: ['ann', 'boss@example.com'], groups: ['ops'] })] },
    starters: ['ann'],
    script: [
      { decide: 'ask', by: 'eve' },
      { decide: 'ask', by: 'ann' },
      { decide: 'ask', by: 'cleo', names: ['ann'], groups: ['ops'] },
      { decide: 'ask', by: 'dan', names: ['boss@example.com'] },
    ],
    expect: {
      outcome: 'completed',
      inquiries: { ask: 'approved' },
      verdicts: ['not_allowed', 'self_approval', 'self_approval', 'decided'],
    },
  },
  {
    name: 'names are compared in one form: what grants in NFC and addresses in lower case, what forbids without case at all',
    definition: {
      tasks: [
        question('ask', { approvers: ['Boss@Example.com ', 'Jose\u0301', 'Dan'], groups: ['Caf\u00e9'], quorum: 3 }),
      ],
    },
    starters: ['Ann@Example.com'],
    script: [
      // The same letters in other bytes are the same name; another case is a different name, unless it is an address.
      { decide: 'ask', by: 'x', names: ['boss@EXAMPLE.com'] },
      { decide: 'ask', by: 'Jos\u00e9' },
      { decide: 'ask', by: 'dan' },
      { decide: 'ask', by: 'cleo', groups: ['Cafe\u0301'] },
    ],
    expect: {
      outcome: 'completed',
      inquiries: { ask: 'approved' },
      verdicts: ['counted', 'counted', 'not_allowed', 'decided'],
    },
  },
  {
    name: 'no other spelling or name of a starter, or of who has voted, gets around the rules',
    definition: { tasks: [question('ask', { groups: ['ops'], quorum: 2 })] },
    starters: ['Ann@Example.com', 'Straße'],
    script: [
      { decide: 'ask', by: 'ann@example.com', groups: ['ops'] },
      { decide: 'ask', by: '\uff41nn@example.com', groups: ['ops'] },
      { decide: 'ask', by: 'STRASSE', groups: ['ops'] },
      { decide: 'ask', by: 'other', names: ['ANN@example.com'], groups: ['ops'] },
      { decide: 'ask', by: 'Bob', groups: ['ops'] },
      { decide: 'ask', by: 'bob', groups: ['ops'] },
      { decide: 'ask', by: 'bob-ci', names: ['BOB'], groups: ['ops'] },
      { decide: 'ask', by: 'cleo', groups: ['ops'] },
    ],
    expect: {
      outcome: 'completed',
      inquiries: { ask: 'approved' },
      verdicts: [
        ...['self_approval', 'self_approval', 'self_approval', 'self_approval'],
        ...['counted', 'already_voted', 'already_voted', 'decided'],
      ],
    },
  },
  {
    name: 'an override decides in place of everybody who is asked, whatever the quorum; no starter overrides',
    definition: {
      tasks: [
        question('ask', { approvers: ['ann', 'bob'], quorum: 2, allow_self: true }, { on_success: 'go' }),
        give('go', '{{ ask.output.decided_by | join(", ") }}: {{ ask.output.override }}'),
      ],
    },
    starters: ['Root'],
    script: [
      { decide: 'ask', by: 'ann' },
      { decide: 'ask', by: 'root', override: true },
      { decide: 'ask', by: 'admin' },
      { decide: 'ask', by: 'admin', override: true, comment: 'both are away' },
    ],
    expect: {
      outcome: 'completed',
      output: { go: 'ann, admin: True' },
      inquiries: { ask: 'approved' },
      verdicts: ['counted', 'self_approval', 'not_allowed', 'decided'],
      done: ['ask', 'go'],
    },
  },
  {
    name: 'who started the run may decide where the definition says so',
    definition: { tasks: [question('ask', { allow_self: true })] },
    starters: ['ann'],
    script: [{ decide: 'ask', by: 'ann' }],
    expect: { outcome: 'completed', inquiries: { ask: 'approved' }, verdicts: ['decided'] },
  },
  {
    name: 'options of its own, with a form that must match',
    definition: {
      tasks: [
        question('ask', {
          options: [
            { ref: 'small', outcome: 'approve' },
            { ref: 'large', outcome: 'approve' },
            { ref: 'never', outcome: 'deny' },
          ],
          response_schema: { type: 'object', required: ['count'], properties: { count: { type: 'integer' } } },
        }),
        give('got', '{{ ask.output.option }} × {{ ask.output.response.count }}'),
      ],
    },
    script: [
      { decide: 'ask', by: 'ann', option: 'huge' },
      { decide: 'ask', by: 'ann', option: 'large', response: { count: 'many' } },
      { decide: 'ask', by: 'ann', option: 'large', response: { count: 3 } },
    ],
    expect: {
      outcome: 'completed',
      output: 'large × 3',
      inquiries: { ask: 'approved' },
      verdicts: ['option_unknown', 'response_invalid', 'decided'],
    },
  },
  {
    name: 'a denial needs no form, yet one that comes must match; an option may need it or not',
    definition: {
      tasks: [
        question('ask', { deny_quorum: 9, quorum: 2, approvers: [...'abcdefghi'], ...FORM }),
        question('strict', {
          options: [
            { ref: 'yes', outcome: 'approve', form: 'none' },
            { ref: 'no', outcome: 'deny', form: 'required' },
          ],
          ...FORM,
        }),
        give('got', '{{ strict.output.response }} {{ strict.output.responses }}'),
      ],
    },
    script: [
      { decide: 'ask', by: 'a', option: 'deny' },
      { decide: 'ask', by: 'b', option: 'deny', response: { count: 'many' } },
      { decide: 'ask', by: 'c', option: 'deny', response: { count: 1 } },
      { decide: 'ask', by: 'd' },
      { decide: 'ask', by: 'd', response: { count: 1 } },
      { decide: 'ask', by: 'e', response: { count: 2 } },
      { decide: 'strict', by: 'a', option: 'no' },
      { decide: 'strict', by: 'a', option: 'yes' },
    ],
    expect: {
      outcome: 'completed',
      output: "None [{'by': 'a', 'response': None}]",
      inquiries: { ask: 'approved', strict: 'approved' },
      verdicts: [
        ...['counted', 'response_invalid', 'counted', 'response_invalid', 'counted', 'decided'],
        ...['response_invalid', 'decided'],
      ],
    },
  },
  {
    name: 'the response of everybody who approves is kept, in order, and the last one is the response',
    definition: {
      tasks: [question('ask', { quorum: 2, ...FORM }), give('got', '{{ ask.output }}')],
      output: { response: '{{ ask.output.response }}', responses: '{{ ask.output.responses }}' },
    },
    script: [
      { decide: 'ask', by: 'ann', response: { count: 1 } },
      { decide: 'ask', by: 'bob', response: { count: 2 } },
    ],
    expect: {
      outcome: 'completed',
      output: {
        response: { count: 2 },
        responses: [
          { by: 'ann', response: { count: 1 } },
          { by: 'bob', response: { count: 2 } },
        ],
      },
      inquiries: { ask: 'approved' },
      verdicts: ['counted', 'decided'],
    },
  },
  {
    name: 'a ladder ends with the time of its question',
    definition: {
      tasks: [
        question(
          'ask',
          { approvers: ['ann'], timeout: 0.4, escalate: [{ after: 0.2, approvers: ['boss'] }] },
          {
            on_failure: 'no',
          },
        ),
        give('no', '{{ error.type }}'),
      ],
    },
    script: [{ expire: true }, { expire: true }],
    expect: { outcome: 'completed', output: { no: 'expired' }, inquiries: { ask: 'expired' }, verdicts: [] },
  },
  {
    name: 'the same id twice is one decision; what comes after the decision is told by whom it was made',
    definition: { tasks: [question('ask'), question('next')] },
    script: [
      { decide: 'ask', by: 'ann', id: 'one' },
      { decide: 'ask', by: 'ann', id: 'one' },
      { decide: 'ask', by: 'bob' },
      { decide: 'nothing', by: 'bob' },
      { decide: 'next', by: 'bob' },
    ],
    expect: {
      outcome: 'completed',
      inquiries: { ask: 'approved', next: 'approved' },
      verdicts: ['decided', 'already_decided', 'unknown', 'decided'],
    },
  },
  {
    name: 'a decision that was made after the time is none, however late the run hears of the time',
    definition: { tasks: [question('ask', { timeout: 3600 }, { on_failure: 'noop' })] },
    script: [
      { decide: 'ask', by: 'ann', at: '2099-01-01T00:00:00Z' },
      { decide: 'ask', by: 'ann' },
    ],
    expect: { outcome: 'completed', inquiries: { ask: 'approved' }, verdicts: ['expired', 'decided'] },
  },
  {
    name: 'a decision on what has changed since it was shown does not count',
    definition: { tasks: [question('ask'), act('go')] },
    script: [
      { decide: 'ask', by: 'ann', bound_to: 'something else' },
      { decide: 'ask', by: 'ann', bound_to: 'what is shown' },
    ],
    expect: { outcome: 'completed', inquiries: { ask: 'approved' }, verdicts: ['binding_changed', 'decided'] },
  },
  {
    name: 'in a loop each visit asks anew',
    definition: {
      start: ['ask'],
      variables: { rounds: 0 },
      output: '{{ rounds }}',
      tasks: [
        question(
          'ask',
          { prompt: 'round {{ rounds }}' },
          {
            publish: { rounds: '{{ rounds + 1 }}' },
            next: [
              { when: 'succeeded() and rounds < 3', do: 'ask' },
              { when: 'succeeded() and rounds >= 3' },
              { when: 'failed()', do: 'noop' },
            ],
          },
        ),
      ],
    },
    script: [
      { decide: 'ask', by: 'ann' },
      { decide: 'ask', by: 'ann' },
      { decide: 'ask#2', by: 'ann' },
      { decide: 'ask#3', by: 'bob' },
    ],
    expect: {
      outcome: 'completed',
      output: 3,
      inquiries: { ask: 'approved', 'ask#2': 'approved', 'ask#3': 'approved' },
      verdicts: ['decided', 'already_decided', 'decided', 'decided'],
    },
  },
  {
    name: 'each item asks by itself',
    definition: {
      tasks: [
        question(
          'ask',
          { prompt: '{{ item }}?' },
          { with_items: ['a', 'b', 'c'], on_item_failure: 'finish', on_failure: 'rest', on_success: 'rest' },
        ),
        give(
          'rest',
          '{{ ask.output | map(attribute="outcome", default="no") | list if ask.error is none else ask.error.type }}',
        ),
      ],
    },
    script: [
      { decide: 'ask[1]', by: 'ann' },
      { decide: 'ask[0]', by: 'ann' },
      { decide: 'ask[2]', by: 'ann', option: 'deny' },
    ],
    expect: {
      outcome: 'completed',
      output: { rest: 'denied' },
      inquiries: { 'ask[0]': 'approved', 'ask[1]': 'approved', 'ask[2]': 'denied' },
      verdicts: ['decided', 'decided', 'decided'],
    },
  },
  {
    name: 'two questions behind one another join with a third',
    definition: {
      tasks: [
        question('legal', {}, { on_success: 'both' }),
        question('money', {}, { on_success: 'both' }),
        act('both', { join: 'all' }),
      ],
    },
    script: [
      { decide: 'money', by: 'ann' },
      { decide: 'legal', by: 'bob' },
    ],
    expect: {
      outcome: 'completed',
      inquiries: { legal: 'approved', money: 'approved' },
      verdicts: ['decided', 'decided'],
      done: ['both', 'legal', 'money'],
    },
  },
  {
    name: 'retry.when asks again after a denial',
    definition: {
      tasks: [question('ask', {}, { retry: { count: 1, when: "error.type == 'denied'" } })],
    },
    script: [
      { decide: 'ask', by: 'ann', option: 'deny' },
      { decide: 'ask~2', by: 'ann' },
    ],
    expect: {
      outcome: 'completed',
      inquiries: { ask: 'denied', 'ask~2': 'approved' },
      verdicts: ['decided', 'decided'],
    },
  },
  {
    name: 'without retry.when nobody is asked again because of an answer',
    definition: { tasks: [question('ask', {}, { retry: { count: 3 } })] },
    script: [{ decide: 'ask', by: 'ann', option: 'deny' }],
    expect: {
      outcome: 'failed',
      failure: { type: 'denied', task: 'ask' },
      inquiries: { ask: 'denied' },
      verdicts: ['decided'],
    },
  },
  {
    name: 'a cancel withdraws what is asked, and cleans up',
    definition: { on_cancel: 'tidy', tasks: [question('ask', { timeout: 3600 }), act('after'), act('tidy')] },
    script: [{ cancel: true }],
    expect: { outcome: 'cancelled', inquiries: { ask: 'cancelled' }, verdicts: [], done: ['tidy'] },
  },
  {
    name: 'the timeout of the run withdraws what is asked',
    definition: { timeout: 0.4, tasks: [question('ask', { timeout: 3600 })] },
    script: [{ expire: true }],
    expect: { outcome: 'timeout', failure: { type: 'timeout' }, inquiries: { ask: 'cancelled' }, verdicts: [] },
  },
  {
    name: 'once the run has failed, an open question is still awaited, and leads nowhere',
    definition: {
      start: ['ask', 'wrong'],
      tasks: [
        question('ask', {}, { on_success: 'never' }),
        { name: 'wrong', action: 'core.fail', input: { message: 'no' } },
        act('never'),
      ],
    },
    script: [{ decide: 'ask', by: 'ann' }],
    expect: {
      outcome: 'failed',
      failure: { type: 'action_error', task: 'wrong' },
      inquiries: { ask: 'approved' },
      verdicts: ['decided'],
      done: ['ask'],
    },
  },
  {
    name: 'what cannot be asked fails the task',
    definition: {
      tasks: [question('ask', { approvers: '{{ ["ann", "ann"] }}', quorum: 2 })],
    },
    script: [],
    expect: {
      outcome: 'failed',
      failure: {
        type: 'input_invalid',
        task: 'ask',
        message: 'the input is invalid: input/quorum is more than the 1 who may decide',
      },
      inquiries: {},
      verdicts: [],
    },
  },
];
