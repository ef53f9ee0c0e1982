import { describe, expect, it } from 'vitest';
import { begin } from '../../../interpreter/interpreter.ts';
import { DECISION_SIGNAL } from '../../../model/inquiry.ts';
import type { JsonObject } from '../../../model/json.ts';
import type { WorkLimits } from '../../../model/work.ts';
import { annDecides, signedDecision } from '../../interpreter/signed.ts';
import { ASKED_AT, type AskingRun, askingRun } from '../inquiries/asking-runs.ts';
import { createFaces } from '../inquiries/question-faces.ts';

// A run that was sent what it has not taken yet: nobody is refused for how it stood before.

const INPUT = { prompt: 'Deploy?', delegable: true, approvers: ['boss', 'ann', 'alice'] };

type Faces = ReturnType<typeof createFaces>;

const delegates = (who: string, to: string) => (faces: Faces) =>
  faces.rest(who, 'POST', `/api/v1/inquiries/${encodeURIComponent(faces.id())}/delegate`, { to });
const withdraws = (who: string) => (faces: Faces) =>
  faces.rest(who, 'POST', `/api/v1/inquiries/${encodeURIComponent(faces.id())}/delegate/withdraw`, {});
const decides = (who: string) => (faces: Faces) => faces.ways.rest(who);

type Step = (faces: Faces) => Promise<string>;

describe('while a worker is away', () => {
  it.each<[string, taken: Step[], received: Step[], last: Step, answer: string]>([
    ['a delegate decides', [], [delegates('boss', 'dan')], decides('dan'), 'decided'],
    [
      'who takes a delegation back decides',
      [delegates('boss', 'dan')],
      [withdraws('boss')],
      decides('boss'),
      'decided',
    ],
    [
      'who takes a delegation back delegates to somebody else',
      [delegates('boss', 'dan')],
      [withdraws('boss')],
      delegates('boss', 'eve'),
      'delegated',
    ],
    [
      'somebody delegates to who has been released',
      [delegates('boss', 'dan')],
      [withdraws('boss')],
      delegates('ann', 'dan'),
      'delegated',
    ],
    ['who has delegated takes it back', [], [delegates('boss', 'dan')], withdraws('boss'), 'delegated'],
    ['who is not asked decides', [], [delegates('boss', 'dan')], decides('eve'), 'not_an_approver'],
    ['who is not asked delegates', [], [delegates('boss', 'dan')], delegates('eve', 'dan'), 'not_an_approver'],
    ['who has no delegation takes it back', [], [delegates('boss', 'dan')], withdraws('ann'), 'not_an_approver'],
  ])('%s: asked to try again, or answered once the worker is back', async (_, taken, received, last, answer) => {
    for (const returns of [false, true]) {
      const faces = createFaces(askingRun('plain', INPUT));
      for (const each of taken) expect(await each(faces)).toBe('delegated');
      faces.worker.away = true;
      for (const each of received) expect(await each(faces)).toBe('received');
      const sent = faces.kept.length;
      faces.worker.returns = returns ? () => {} : null;
      expect([returns, await last(faces)]).toEqual([returns, returns ? answer : 'busy']);
      if (!returns) expect(faces.kept).toHaveLength(sent);
    }
  });

  it.each<[string, Step, string]>([
    ['a starter', decides('alice'), 'self_approval'],
    ['an agent', decides('helper'), 'person_required'],
    ['who lacks the permission', decides('looker'), 'forbidden'],
  ])('%s is refused at once', async (_, last, answer) => {
    const faces = createFaces(askingRun('plain', INPUT));
    faces.worker.away = true;
    expect(await delegates('boss', 'dan')(faces)).toBe('received');
    expect(await last(faces)).toBe(answer);
  });
});

describe('a decision that the run refuses without a verdict', () => {
  it.each([0, 20, 200])('among forgeries, %i of them after it, is answered with busy', async (after) => {
    const made = askingRun('plain', INPUT);
    const asking = { ...made, ...begunWith(made, { run: 50_000 }) };
    const faces = createFaces(asking);
    const about = annDecides('ask', { by: 'boss' });
    const { statement, ...signed } = signedDecision(asking.run, asking.chain, about) as JsonObject;
    const forge = (count: number) => {
      for (let n = 0; n < count; n += 1) {
        const payload = { ...signed, statement: { ...(statement as JsonObject), id: `forged ${n} of ${count}` } };
        faces.kept.push({ name: DECISION_SIGNAL, payload });
      }
    };
    faces.worker.away = true;
    forge(12);
    faces.worker.returns = () => forge(after);
    expect(await decides('boss')(faces)).toBe('busy');
    expect([faces.asked().status, asking.state.statements.refused]).toEqual(['pending', 13 + after]);
  });
});

/** Begins a run again with other limits. */
function begunWith({ run, chain }: AskingRun, limits: Partial<WorkLimits>) {
  const limited = { ...run, limits };
  return { run: limited, state: begin(limited, {}, ASKED_AT, { chain }).state };
}
