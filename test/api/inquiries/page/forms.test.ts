import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../../model/json.ts';
import { createDesk } from './desk.ts';

const ANN = 'ann@example.com';
const control = (text: string, name: string) =>
  new RegExp(`<(?:input|select|textarea) id="field:${name}"[^>]*>`).exec(text)?.[0] ?? '';

async function opened(input: JsonObject) {
  const desk = createDesk();
  const inquiry = desk.ask('1', { prompt: 'Deploy?', approvers: [ANN], ...input });
  const browser = desk.browser();
  const page = await browser.open(await desk.token('1', ANN));
  const send = (fields: Record<string, string>, form = page.form) => browser.post(page.path, { form, ...fields });
  return { desk, inquiry, browser, page, send };
}

describe('a control of a form', () => {
  // The schema of a field, and the attributes that its control has besides id and name.
  const controls: [JsonObject, string][] = [
    [{ type: 'string' }, 'value=""'],
    [{ type: 'string', minLength: 2, maxLength: 5 }, 'minlength="2" maxlength="5" value=""'],
    [{ type: 'string', pattern: '^v"' }, 'pattern="[\\s\\S]*(?:^v&quot;)[\\s\\S]*" value=""'],
    [{ type: 'integer', minimum: 1, maximum: 10 }, 'type="number" min="1" max="10" step="1" value=""'],
    [{ type: 'integer', minimum: 0.5, maximum: 10 }, 'type="number" min="1" max="10" step="1" value=""'],
    [{ type: 'integer', exclusiveMinimum: 0, exclusiveMaximum: 9 }, 'type="number" min="1" max="8" step="1" value=""'],
    [{ type: 'integer', minimum: 3, exclusiveMinimum: 1 }, 'type="number" min="3" step="1" value=""'],
    [{ type: 'integer', minimum: 1, multipleOf: 5 }, 'type="number" min="5" step="5" value=""'],
    [{ type: 'number', minimum: 0.5 }, 'type="number" min="0.5" step="any" value=""'],
    [{ type: 'number', exclusiveMaximum: 0 }, 'type="number" max="0" step="any" value=""'],
    [{ type: 'number', multipleOf: 0.01 }, 'type="number" step="any" value=""'],
    [{ type: 'array' }, 'rows="4"'],
  ];
  it.each(controls)('of %j has %s', async (schema, attributes) => {
    const { page } = await opened({ response_schema: { type: 'object', properties: { x: schema } } });
    expect(control(page.text, 'x').replace(/^<\w+ id="field:x" name="field:x" |>$/g, '')).toBe(attributes);
  });

  it('says whether it is needed, and is described by what the schema says of it', async () => {
    const properties = { x: { type: 'string', title: 'Why?', description: 'In a line' }, y: { enum: ['a', 1] } };
    const { page } = await opened({ response_schema: { type: 'object', required: ['x'], properties } });
    expect(page.text).toContain('<label for="field:x">Why?</label>');
    expect(page.text).toContain('<div class="quiet" id="field:x:note">In a line</div>');
    expect(control(page.text, 'x')).toContain(' required aria-describedby="field:x:note"');
    expect(page.text).toContain('<option value="&quot;a&quot;">a</option><option value="1">1</option>');
  });
});

describe('a form that is refused', () => {
  const properties = {
    hosts: { type: 'integer', maximum: 10, description: 'How many' },
    window: { enum: ['now', 'tonight'] },
    notes: { type: 'string' },
    tags: { type: 'array', items: { type: 'string' } },
    'a/b': { type: 'string', minLength: 3 },
    'with a space': { type: 'integer' },
  };
  const response_schema = { type: 'object', required: ['hosts', 'window'], properties, additionalProperties: false };

  it('is shown again with everything that was entered, and the message at its field', async () => {
    const { inquiry, send } = await opened({ response_schema });
    const written = {
      'field:hosts': '99',
      'field:window': '"tonight"',
      'field:notes': '"quoted" & <b>',
      'field:tags': '["a", 1]',
      'field:a/b': 'x',
      'field:with a space': 'x',
      comment: '\nstarts with a line feed',
    };
    const refused = await send({ ...written, option: 'approve' });
    expect([refused.status, inquiry.votes]).toEqual([422, []]);
    const { text } = refused;
    expect(control(text, 'hosts')).toContain(
      'aria-invalid="true" aria-describedby="field:hosts:note field:hosts:problem" type="number" max="10" step="1" value="99"',
    );
    expect(text).toContain('<p class="problem" id="field:hosts:problem">must be at most 10</p>');
    expect(text).toContain('<a href="#field:hosts">hosts: must be at most 10</a>');
    expect(text).toContain('<option value="&quot;tonight&quot;" selected>tonight</option>');
    expect(control(text, 'notes')).toContain('value="&quot;quoted&quot; &amp; &lt;b&gt;"');
    expect(control(text, 'notes')).not.toContain('aria-invalid');
    expect(text).toMatch(/<p class="problem" id="field:tags:problem">\/1 must be a string/);
    expect(text).toContain('[&quot;a&quot;, 1]</textarea>');
    expect(text).toMatch(/<p class="problem" id="field:a%2Fb:problem">must have at least 3/);
    expect(control(text, 'with%20a%20space')).toContain(' aria-describedby="field:with%20a%20space:problem"');
    expect(text).toContain('\n\nstarts with a line feed</textarea>');

    const sent = await send(
      {
        ...written,
        'field:hosts': '9',
        'field:tags': '["a"]',
        'field:a/b': 'xyz',
        'field:with a space': '1',
        option: 'approve',
      },
      refused.form,
    );
    expect(sent.status).toBe(200);
    expect(inquiry.votes[0]).toMatchObject({
      response: { hosts: 9, window: 'tonight', notes: '"quoted" & <b>', tags: ['a'], 'a/b': 'xyz', 'with a space': 1 },
      comment: '\nstarts with a line feed',
    });
  });

  it.each([
    ['a number that a text is', 'many', 'must be an integer'],
    ['a number that would lose digits', '9007199254740993', 'must be an integer'],
    ['nothing where something is needed', '', 'is required'],
  ])('tells of %s', async (_, hosts, message) => {
    const { inquiry, send } = await opened({ response_schema });
    const { status, text } = await send({ 'field:hosts': hosts, 'field:window': '"now"', option: 'approve' });
    expect([status, inquiry.votes]).toEqual([422, []]);
    expect(/id="field:hosts:problem">([^<]*)/.exec(text)?.[1]).toContain(message);
  });

  it('tells of what no field has above the form, and of a whole answer at its control', async () => {
    const paired = await opened({ response_schema: { ...response_schema, required: [], minProperties: 1 } });
    expect((await paired.send({ option: 'approve' })).text).toMatch(/role="alert">.*<li>must have at least 1/s);
    const whole = await opened({ response_schema: { type: 'array', minItems: 1 } });
    const { text } = await whole.send({ 'field:(whole)': '[]', option: 'approve' });
    expect(text).toMatch(/id="field:\(whole\):problem">must have at least 1/);
  });

  it('is no hindrance to saying no, whatever was entered', async () => {
    const { inquiry, page, send } = await opened({ response_schema });
    expect(page.text).toContain('<button class="danger" name="option" value="deny" formnovalidate>Deny</button>');
    expect(page.text).toContain('<button class="primary" name="option" value="approve">Approve</button>');
    expect((await send({ option: 'deny', 'field:hosts': '99' })).status).toBe(200);
    expect(inquiry.votes[0]).toMatchObject({ option: 'deny', response: null, comment: null });
  });

  it('that asks for an option that is not offered shows the question again', async () => {
    const { inquiry, send } = await opened({});
    const { status, text } = await send({ option: 'perhaps', comment: 'a reason' });
    expect([status, inquiry.votes]).toEqual([422, []]);
    expect(text).toContain('a reason</textarea>');
  });
});

describe('a question that changes while its page is open', () => {
  it.each([
    [
      'The task that approval runs has changed: deploy.',
      (inquiry: { plan: unknown }) => {
        inquiry.plan = [
          { task: 'deploy', action: 'core.http', input: { url: 'https://evil.example' }, rendered: true },
        ];
      },
    ],
    [
      'The task that approval runs has changed: check.',
      (inquiry: { plan: unknown[] }) => {
        inquiry.plan = [...inquiry.plan, { task: 'check', action: 'core.noop', input: {}, rendered: true }];
      },
    ],
    [
      'The question has changed.',
      (inquiry: { request: object }) => {
        inquiry.request = { ...inquiry.request, details: 'other' };
      },
    ],
    ['The workflow or its input has changed.', () => undefined],
  ])('is shown anew, with what was entered: %s', async (words, change) => {
    const { inquiry, send } = await opened({});
    change(inquiry as never);
    inquiry.bound_to = 'another digest';
    const refused = await send({ option: 'approve', comment: 'looks good' });
    expect([refused.status, inquiry.votes]).toEqual([409, []]);
    expect(refused.text).toContain(`<li>${words}</li>`);
    expect(refused.text).toContain('looks good</textarea>');
    expect((await send({ option: 'approve' }, refused.form)).status).toBe(200);
    expect(inquiry.votes[0]!.bound_to).toBe('another digest');
  });
});

describe('the page', () => {
  const vote = (by: string, option: string, comment: string | null) => ({
    id: by,
    by,
    option,
    response: null,
    comment,
    channel: 'api' as const,
    at: '2026-01-01T10:00:00.000Z',
    outcome: 'approve' as const,
    bound_to: null,
  });

  it('names the product, who is asked, and the votes so far; addresses in details are text', async () => {
    const desk = createDesk();
    const details = 'See https://example.com/runbook';
    desk.ask('1', { approvers: [ANN, 'bob'], groups: ['ops'], details }, { votes: [vote('bob', 'approve', 'fine')] });
    const { text } = await desk.browser().open(
      await desk.sealer.seal({
        kind: 'link',
        inquiry: '1',
        tenant: 't',
        address: ANN,
        expires: Date.UTC(2100, 0),
      }),
    );
    expect(text).toContain('<header>Fermata</header>');
    expect(text).toContain(`<dt>Asked</dt><dd>${ANN}, bob, members of ops</dd>`);
    expect(text).toContain('<li>Approve, by bob, 2026-01-01 10:00 UTC: fine</li>');
    expect(text).toContain(details);
    expect(text).not.toContain('<a ');
    expect(text).toContain('prefers-color-scheme: dark');
  });

  it('says that a decision was received which no worker has taken yet, and has no second form', async () => {
    const { desk, send } = await opened({});
    desk.stopWorkers();
    const { status, text, form } = await send({ option: 'approve' });
    expect([status, form]).toEqual([200, '']);
    expect(text).toContain('<strong>Received</strong>');
  });

  it('has no form for who has voted, and none for who may not decide', async () => {
    const desk = createDesk();
    desk.ask('1', { approvers: [ANN, 'bob'], quorum: 2 }, { votes: [vote(ANN, 'approve', null)] });
    desk.ask('2', { approvers: ['bob'] });
    const open = async (inquiry: string) =>
      desk.browser().open(
        await desk.sealer.seal({
          kind: 'link',
          inquiry,
          tenant: 't',
          address: ANN,
          expires: Date.UTC(2100, 0),
        }),
      );
    const [voted, barred] = [await open('1'), await open('2')];
    expect([voted.form, barred.form]).toEqual(['', '']);
    expect(voted.text).toContain('Counted: Approve');
    expect(barred.text).toContain('You cannot decide this');
  });
});
