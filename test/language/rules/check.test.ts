import { describe, expect, it } from 'vitest';
import { checkRule, type RuleSurroundings } from '../../../language/rules/check.ts';
import { renderParameters } from '../../../language/rules/matching.ts';
import type { Json, JsonObject } from '../../../model/json.ts';
import { readRule } from '../../../model/rules/draft.ts';
import { sampleEvent, sampleRule } from './sample-rules.ts';

const NOTHING: RuleSurroundings = {
  pack: { found: true, names: [] },
  trigger: { found: null, names: [] },
  target: { found: { paramSchema: null, enabled: true, hasVersion: true }, names: [] },
  hasWebhook: true,
};

/** A valid rule but for what is given; a field that is undefined is left out. */
const rule = (given: Record<string, Json | undefined> = {}): JsonObject => {
  const body = { ref: 'p.r', pack_ref: 'p', label: 'R', type: 'a.b', workflow: 'p.w', ...given };
  return Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined)) as JsonObject;
};
const check = (body: Json, around: Partial<RuleSurroundings> = {}) =>
  checkRule(readRule(body), { ...NOTHING, ...around });
const onSchema = (schema: JsonObject): Partial<RuleSurroundings> => ({
  trigger: { found: { type: 'a.b', schema }, names: [] },
});
const onTarget = (paramSchema: JsonObject): Partial<RuleSurroundings> => ({
  target: { found: { paramSchema, enabled: true, hasVersion: true }, names: [] },
});

it('a rule may have every field', () => {
  const body = rule({
    description: null,
    tags: ['x'],
    enabled: false,
    webhook: 'gh',
    when: 'event.payload.x == 1',
    version: '1.0.0',
    parameters: { a: '{{ event.payload.x }}' },
    run_tags: ['y'],
    dedupe: { key: '{{ event.payload.x }}', window: 604_800 },
    throttle: { limit: 10_000, per: 1 },
    ordered: true,
    allow_loops: false,
  });
  expect(check(body)).toEqual({ issues: [], warnings: [] });
});

describe('an invalid rule', () => {
  it.each<[string, Json, string[], Partial<RuleSurroundings>?]>([
    ['no object', 'x', [' type_invalid must be an object']],
    [
      'no fields',
      {},
      [
        '/ref required is required',
        '/pack_ref required is required',
        '/label required is required',
        '/type required is required, or "trigger_ref"',
        '/workflow required is required, or "action_ref"',
      ],
    ],
    ['an unknown field', rule({ wen: 'true' }), ['/wen unknown_field unknown field "wen". Did you mean "when"?']],
    ['a ref of another pack', rule({ ref: 'q.r' }), ['/ref ref_mismatch must begin with "p.", the ref of the pack']],
    [
      'two types',
      rule({ trigger_ref: 'p.t' }),
      ['/type value_invalid cannot be combined with "trigger_ref"'],
      onSchema({}),
    ],
    [
      'two targets',
      rule({ action_ref: 'core.noop' }),
      ['/workflow value_invalid cannot be combined with "action_ref"'],
    ],
    [
      'a star in the middle',
      rule({ type: 'a.*.b' }),
      ['/type value_invalid must be a type, or end in ".*", which stands for any deeper type, or be "*"'],
    ],
    [
      'a version of an action',
      rule({ workflow: undefined, action_ref: 'core.noop', version: '1.0.0' }),
      ['/version without_effect has no effect on an action'],
    ],
    [
      'a throttle out of range',
      rule({ throttle: { limit: 0, per: 604_801, policy: 'drop' } }),
      [
        '/throttle/limit out_of_range must be at least 1',
        '/throttle/per out_of_range must be at most 604800',
        '/throttle/policy value_invalid must be one of: queue, skip',
      ],
    ],
    [
      'a throttle of parts',
      rule({ throttle: { limit: 1.5 }, ordered: 'yes' }),
      [
        '/throttle/limit type_invalid must be an integer',
        '/throttle/per required is required',
        '/ordered type_invalid must be a boolean',
      ],
    ],
    [
      'a window that is no number of seconds in a week',
      rule({ dedupe: { key: 'x', window: 0 } }),
      ['/dedupe/window out_of_range must be at least 1'],
    ],
    [
      'a window of more than a week',
      rule({ dedupe: { key: 'x', window: 604_801 } }),
      ['/dedupe/window out_of_range must be at most 604800'],
    ],
    [
      'half a second, and a key that is no text',
      rule({ dedupe: { key: 3, window: 0.5, until: 1 } }),
      [
        '/dedupe/key type_invalid must be a string',
        '/dedupe/window type_invalid must be an integer',
        '/dedupe/until unknown_field unknown field "until".',
      ],
    ],
    ['no key', rule({ dedupe: {} }), ['/dedupe/key required is required']],
    [
      'a key with a fault, next to another fault',
      rule({ dedupe: { key: '{{ event.payload.x', window: 0 } }),
      [
        '/dedupe/window out_of_range must be at least 1',
        '/dedupe/key template_invalid this {{ is never closed by }} 1:1',
      ],
    ],
    [
      'two types, of which one is none',
      rule({ type: 'a*', trigger_ref: 'p.t' }),
      [
        '/type value_invalid must be a type, or end in ".*", which stands for any deeper type, or be "*"',
        '/type value_invalid cannot be combined with "trigger_ref"',
      ],
      onSchema({}),
    ],
    ...['x{{ event.payload }}', '{{ event.payload }} ', '{% if event.payload %}{% endif %}'].map(
      (parameters): [string, Json, string[]] => [
        `parameters that are always a text, ${parameters}`,
        rule({ parameters }),
        ['/parameters type_invalid must be an object, or a template that evaluates to one'],
      ],
    ),
    [
      'a key of chance, of secrets, and of names that no event has',
      rule({ dedupe: { key: '{{ uuid() }}{{ secret.KEY }}{{ event.data.x }}' } }),
      [
        '/dedupe/key secret_misplaced a secret stands in the input of a task alone, as {{ secret.NAME }}, and nothing is done with it 1:16',
        '/dedupe/key unknown_name "uuid()" is not available in a rule: what it does depends on the event alone 1:4',
        '/dedupe/key unknown_name "event" has no "data". Did you mean "payload"? 1:32',
      ],
    ],
    ['syntax', rule({ when: 'event.id ==' }), ['/when template_invalid something is missing at the end 1:13']],
    [
      'text around the condition',
      rule({ when: 'x {{ event.id }}' }),
      ['/when template_invalid exactly one expression is expected 1:1'],
    ],
    [
      'CloudEvents data',
      rule({ when: 'event.data.x == 1' }),
      ['/when unknown_name "event" has no "data". Did you mean "payload"? 1:1'],
    ],
    [
      'a misspelt field',
      rule({ when: 'event.payloads.x == 1' }),
      ['/when unknown_name "event" has no "payloads". Did you mean "payload"? 1:1'],
    ],
    [
      'a bare field',
      rule({ when: 'payload.x == 1 or foo' }),
      [
        '/when unknown_name unknown name "payload": a rule sees "event" and "rule". Did you mean "event.payload"? 1:1',
        '/when unknown_name unknown name "foo": a rule sees "event" and "rule". 1:19',
      ],
    ],
    [
      'a field of the rule',
      rule({ when: 'rule.refs == event.type' }),
      ['/when unknown_name "rule" has no "refs". Did you mean "ref"? 1:1'],
    ],
    [
      'the time',
      rule({ when: 'event.time > now()' }),
      ['/when unknown_name "now()" is not available in a rule: what it does depends on the event alone 1:14'],
    ],
    [
      'chance',
      rule({ parameters: { a: ['{{ uuid() }}', '{{ event.payload | random }}'] } }),
      [
        '/parameters/a/0 unknown_name "uuid()" is not available in a rule: what it does depends on the event alone 1:4',
        '/parameters/a/1 unknown_filter the filter random is not available in a rule: what it does depends on the event alone 1:20',
      ],
    ],
    [
      'a secret',
      rule({ parameters: { a: '{{ secret.KEY }}' } }),
      [
        '/parameters/a secret_misplaced a secret stands in the input of a task alone, as {{ secret.NAME }}, and nothing is done with it 1:4',
      ],
    ],
    [
      'an unknown filter',
      rule({ when: 'event.type | uper == "X"' }),
      ['/when unknown_filter there is no filter "uper". Did you mean "upper"? 1:14'],
    ],
    [
      'parameters that are a text',
      rule({ parameters: 'x' }),
      ['/parameters type_invalid must be an object, or a template that evaluates to one'],
    ],
    [
      'structure and templates at once',
      rule({ label: 3, when: 'nope', enabled: 'yes' }),
      [
        '/label type_invalid must be a string',
        '/enabled type_invalid must be a boolean',
        '/when unknown_name unknown name "nope": a rule sees "event" and "rule". 1:1',
      ],
    ],
    ['a type that is malformed is not missing', rule({ type: 3 }), ['/type type_invalid must be a string']],
    ['too large', rule({ when: 'x'.repeat(70_000) }), [' too_large must not have more than 65536 characters']],
    [
      'what does not exist',
      rule({ type: undefined, trigger_ref: 'p.tt' }),
      [
        '/pack_ref unknown_pack unknown pack "p". Did you mean "q"?',
        '/trigger_ref unknown_trigger unknown trigger "p.tt". Did you mean "p.t"?',
        '/workflow unknown_workflow unknown workflow "p.w". Did you mean "p.v"?',
      ],
      {
        pack: { found: false, names: ['q'] },
        trigger: { found: null, names: ['p.t'] },
        target: { found: null, names: ['p.v'] },
      },
    ],
    [
      'an action that does not exist',
      rule({ workflow: undefined, action_ref: 'core.htp' }),
      ['/action_ref unknown_action unknown action "core.htp". Did you mean "core.http"?'],
      { target: { found: null, names: ['core.http'] } },
    ],
    [
      'a version that does not exist',
      rule({ version: '2.0.0' }),
      ['/version unknown_version workflow "p.w" has no version 2.0.0'],
      { target: { found: { paramSchema: null, enabled: true, hasVersion: false }, names: [] } },
    ],
    [
      'a name that a closed schema lacks',
      rule({ type: undefined, trigger_ref: 'p.t', when: 'event.payload.order.idd == 1 and event.payload.more.x' }),
      ['/when unknown_name "event.payload.order" has no "idd". Did you mean "id"? 1:1'],
      onSchema({
        type: 'object',
        properties: { order: { type: 'object', properties: { id: {} }, additionalProperties: false } },
      }),
    ],
    [
      'parameters that the schema refuses',
      rule({ parameters: { n: 'x', t: '{{ event.id }}', m: 1 } }),
      [
        '/parameters/n input_invalid must be an integer, not a string',
        '/parameters/m unknown_field unknown field "m". Did you mean "n"?',
        '/parameters/needed input_missing is required',
      ],
      onTarget({
        type: 'object',
        properties: { n: { type: 'integer' }, t: { type: 'integer' }, needed: {}, filled: { default: 1 } },
        required: ['needed', 'filled'],
        additionalProperties: false,
      }),
    ],
  ])('%s', (_, body, expected, around = {}) => {
    const { issues, warnings } = check(body, around);
    const shown = issues.map(
      ({ path, code, message, line, column }) =>
        `${path} ${code} ${message}${line === undefined ? '' : ` ${line}:${column}`}`,
    );
    expect(shown).toEqual(expected);
    expect(warnings).toEqual([]);
  });

  it.each([
    '{% set sent = event.payload %}{{ sent }}',
    '{% if event.payload.a is defined %}{{ event.payload.a }}{% else %}{{ event.payload }}{% endif %}',
    '{% with sent = event.payload %}{{ sent }}{% endwith %}',
    '{{ event.payload }}\n',
  ])('is none whose parameters are an object that a template evaluates to: %s', (parameters) => {
    expect(check(rule({ parameters })).issues).toEqual([]);
    const event = sampleEvent({ payload: { a: { n: 1 } } });
    expect(renderParameters(sampleRule({ parameters }), event)).toEqual({ parameters: expect.any(Object) });
  });

  it('is too deep', () => {
    let parameters: Json = 1;
    for (let level = 0; level < 101; level += 1) parameters = { a: parameters };
    expect(check(rule({ parameters })).issues).toEqual([
      { code: 'too_deep', path: '', message: 'must not be nested deeper than 100 levels' },
    ]);
  });
});

describe('warnings', () => {
  it.each<[string, Json, string[], Partial<RuleSurroundings>?]>([
    ['everything matches', rule({ type: '*' }), ['/type matches_everything']],
    ['but not with a webhook', rule({ type: '*', webhook: 'gh' }), []],
    ['nor with a condition', rule({ type: '*', when: "event.source == 'x'" }), []],
    ['executions', rule({ type: 'io.fermata.execution.*' }), ['/type may_loop']],
    ['executions, in loops', rule({ type: 'io.fermata.execution.*', allow_loops: true }), ['/type may_loop']],
    [
      'executions of one workflow',
      rule({ type: 'io.fermata.execution.failed', when: "event.payload.workflow == 'p.v'" }),
      [],
    ],
    ['the same for each event', rule({ when: 'rule.revision == 1' }), ['/when condition_constant']],
    [
      'a path below or',
      rule({ when: 'event.payload.a == 1 or event.payload.b == 2' }),
      ['/when guard_advised 1:1 event.payload.a', '/when guard_advised 1:25 event.payload.b'],
    ],
    ['a path below not', rule({ when: 'not event.payload.a' }), ['/when guard_advised 1:5 event.payload.a']],
    [
      'a guarded path',
      rule({ when: 'event.payload.a is defined and (event.payload.a == 1 or event.payload.a == 2)' }),
      [],
    ],
    ['a path that may be missing', rule({ when: 'event.payload.a is not defined or event.payload.a == 1' }), []],
    ['a default', rule({ when: "event.payload.a | default(1) == 1 or event.type == 'x'" }), []],
    ['a path below and', rule({ when: 'event.payload.a == 1 and event.payload.b == 2' }), []],
    [
      'a path that is required',
      rule({ type: undefined, trigger_ref: 'p.t', when: 'not event.payload.a' }),
      [],
      onSchema({ required: ['a'] }),
    ],
    [
      'a disabled workflow',
      rule(),
      ['/workflow workflow_disabled'],
      { target: { found: { paramSchema: null, enabled: false, hasVersion: true }, names: [] } },
    ],
    ['a webhook', rule({ webhook: 'gh' }), []],
    ['a webhook that is not there', rule({ webhook: 'gh' }), ['/webhook unknown_webhook'], { hasWebhook: false }],
  ])('%s', (_, body, expected, around = {}) => {
    const { issues, warnings } = check(body, around);
    expect(issues).toEqual([]);
    const shown = warnings.map(({ path, code, line, column, message }) => {
      const named = /"(event[^"]*)"/.exec(message)?.[1];
      return `${path} ${code}${line === undefined ? '' : ` ${line}:${column} ${named}`}`;
    });
    expect(shown).toEqual(expected);
  });
});
