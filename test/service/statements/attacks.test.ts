import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../model/json.ts';
import { type AskingRun, askingRun, hasMoved, SHAPES } from '../inquiries/asking-runs.ts';
import { createFaces } from '../inquiries/question-faces.ts';

// Whoever may not decide, through every channel, wherever a run asks: the same answer, and the run has not moved.

const INPUT = {
  prompt: 'Deploy?',
  delegable: true,
  approvers: ['boss', 'ann', 'alice', 'alice-ci', 'Alice@Example.com', 'bot', 'helper', 'looker', 'gone'],
};

type Faces = ReturnType<typeof createFaces>;
type Way = keyof Faces['ways'];

function standing(run: AskingRun, { asked }: Faces) {
  const { status, votes, decisions, delegations } = asked();
  return { status, votes, decisions, delegations, moved: hasMoved(run), accepted: run.state.statements.accepted };
}

/** Who approves, and how that is answered through every channel, or through some of them. */
const APPROVALS: [rule: string, who: string, answer: string, but?: Partial<Record<Way, string>>][] = [
  ['who started the run', 'alice', 'self_approval'],
  ['another subject of who started the run', 'alice-ci', 'self_approval'],
  ['who started the run, in another spelling', 'Alice@Example.com', 'self_approval'],
  ['who is not asked', 'eve', 'not_an_approver'],
  ['a service', 'bot', 'person_required'],
  ['an agent of somebody who is asked', 'helper', 'person_required'],
  // The Management API says nothing of an execution to who may not present a token.
  ['who lacks the permission', 'looker', 'forbidden', { token: 'execution_not_found' }],
  ['who has no credential that grants anything', 'gone', 'forbidden', { token: 'execution_not_found' }],
];

const ALL: readonly Way[] = ['rest', 'mcp', 'token', 'link', 'slack', 'teams'];

/** Who delegates to whom, and the answer. */
const DELEGATIONS: [who: string, to: string, answer: string][] = [
  ['eve', 'dan', 'not_an_approver'],
  ['alice', 'dan', 'self_approval'],
  ['bot', 'dan', 'person_required'],
  ['helper', 'dan', 'person_required'],
  ['looker', 'dan', 'forbidden'],
  ['boss', 'alice', 'delegate_unsuitable'],
  ['boss', 'alice-ci', 'delegate_unsuitable'],
  ['boss', 'ann', 'delegate_unsuitable'],
  ['boss', 'boss', 'delegate_unsuitable'],
  ['boss', 'bot', 'delegate_unsuitable'],
  ['boss', 'looker', 'delegate_unsuitable'],
  ['boss', 'nobody', 'delegate_unsuitable'],
];

describe.each(SHAPES)('a question in the shape "%s"', (shape) => {
  const decided = shape === 'try' ? 'counted' : 'decided';
  const setUp = () => {
    const run = askingRun(shape, INPUT);
    const faces = createFaces(run);
    const path = `/api/v1/inquiries/${encodeURIComponent(faces.id())}`;
    return { run, faces, path, before: standing(run, faces) };
  };

  it('is approved through no channel by who may not', async () => {
    const { run, faces, before } = setUp();
    for (const [rule, who, answer, but = {}] of APPROVALS) {
      for (const way of ALL) {
        expect([rule, way, await faces.ways[way](who)]).toEqual([rule, way, but[way] ?? answer]);
        expect(standing(run, faces)).toEqual(before);
      }
    }
  });

  it('is approved through no channel by what was shown somewhere else, and is by what it shows', async () => {
    const { run, faces, before } = setUp();
    const { bound_to: elsewhere } = run.earlier.statement as JsonObject;
    for (const way of ALL) {
      expect([way, await faces.ways[way]('boss', elsewhere as string)]).toEqual([way, 'binding_changed']);
      expect(standing(run, faces)).toEqual(before);
    }
    const way = ALL[SHAPES.indexOf(shape) % ALL.length]!;
    expect([way, await faces.ways[way]('boss')]).toEqual([way, decided]);
    expect([faces.asked().votes.length, hasMoved(run)]).toEqual([1, shape !== 'try']);
  });

  it('is approved by no form, button or token of another question', async () => {
    const { run, faces, before } = setUp();
    const [own, other] = [faces.id(), '1234567'];
    for (const [path, page, form] of [
      [own, own, other],
      [own, other, own],
      [other, other, own],
      [other, own, own],
    ] as const) {
      expect([path, page, form, await faces.sendForm('boss', { path, page, form })]).toEqual([path, page, form, 403]);
      expect(standing(run, faces)).toEqual(before);
    }
    expect(await faces.pressForeign()).toBe('token_invalid');
    const { inquiry } = run.earlier.statement as JsonObject;
    const code = await faces.present('ann', faces.asked().bound_to, inquiry === run.key ? 'none' : (inquiry as string));
    expect(['already_decided', 'inquiry_expired', 'inquiry_not_found']).toContain(code);
    expect(standing(run, faces)).toEqual(before);
  });

  it('is delegated neither by who may not nor to who may not', async () => {
    const { run, faces, path, before } = setUp();
    for (const [who, to, answer] of DELEGATIONS) {
      const byTool = await faces.tool(who, 'delegate_inquiry', { id: faces.id(), to });
      expect([who, to, await faces.rest(who, 'POST', `${path}/delegate`, { to }), byTool]).toEqual([
        ...[who, to, answer, answer],
      ]);
      expect(standing(run, faces)).toEqual(before);
    }
  });

  it('once delegated, is approved by the other person alone, for the first; and not once that has ended', async () => {
    const { run, faces, path } = setUp();
    const answers = async (who: string) => [...new Set(await inTurn(ALL, (way) => faces.ways[way](who)))];
    const delegate = (who: string, to: string) => faces.rest(who, 'POST', `${path}/delegate`, { to });
    const linkOf = async (who: string) =>
      (await faces.links.issue(faces.noticeFor('email', `${who}@example.com`))) !== null;
    expect([await answers('dan'), await linkOf('dan'), await linkOf('boss')]).toEqual([
      ['not_an_approver'],
      false,
      true,
    ]);
    expect(await delegate('boss', 'dan')).toBe('delegated');
    expect([await answers('boss'), await linkOf('dan'), await linkOf('boss')]).toEqual([
      ['not_an_approver'],
      true,
      false,
    ]);
    expect(await delegate('dan', 'eve')).toBe('not_an_approver');
    expect(await faces.rest('boss', 'POST', `${path}/delegate/withdraw`, {})).toBe('delegated');
    expect([await answers('dan'), await linkOf('dan'), await linkOf('boss')]).toEqual([
      ['not_an_approver'],
      false,
      true,
    ]);
    expect(await faces.rest('dan', 'POST', `${path}/delegate/withdraw`, {})).toBe('not_an_approver');
    expect(await delegate('boss', 'dan')).toBe('delegated');
    expect(hasMoved(run)).toBe(false);
    const way = ALL[SHAPES.indexOf(shape) % ALL.length]!;
    expect([way, await faces.ways[way]('dan')]).toEqual([way, decided]);
    expect(faces.asked().votes).toMatchObject([{ by: 'dan', on_behalf_of: 'boss' }]);
  });

  it('is overridden by no one but an admin who is a person and no starter', async () => {
    const { run, faces, path, before } = setUp();
    const rows = {
      boss: 'forbidden',
      bot: 'person_required',
      helper: 'person_required',
      'Alice@Example.com': 'self_approval',
    };
    const body = { option: 'approve', reason: 'boss is away' };
    for (const [who, answer] of Object.entries(rows)) {
      expect([who, await faces.rest(who, 'POST', `${path}/override`, body)]).toEqual([who, answer]);
      expect(standing(run, faces)).toEqual(before);
    }
    const { bound_to: elsewhere } = run.earlier.statement as JsonObject;
    expect(await faces.rest('owner', 'POST', `${path}/override`, { ...body, bound_to: elsewhere })).toBe(
      'binding_changed',
    );
    expect(standing(run, faces)).toEqual(before);
    expect(await faces.rest('owner', 'POST', `${path}/override`, body)).toBe('decided');
    expect(faces.asked().votes).toMatchObject([{ by: 'owner', override: true }]);
  });

  it('is not approved by a skip: with an output it is refused, without one what follows does not begin', async () => {
    const { run, faces, before } = setUp();
    const path = `/api/v1/executions/1/tasks/${encodeURIComponent(faces.asked().task)}/skip`;
    for (const who of ['alice', 'boss', 'owner']) {
      expect(await faces.rest(who, 'POST', path, { output: { outcome: 'approve' } })).toBe('skip_output_refused');
    }
    expect(standing(run, faces)).toEqual(before);
    await faces.rest('alice', 'POST', path, {});
    expect([faces.asked().status, faces.asked().votes, run.state.outcome]).toEqual(['cancelled', [], 'failed']);
    expect(run.state.failure?.type).toBe('withdrawn');
  });
});

async function inTurn<T, R>(values: readonly T[], work: (value: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (const value of values) results.push(await work(value));
  return results;
}
