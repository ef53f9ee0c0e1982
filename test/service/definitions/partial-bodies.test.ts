import { describe, expect, it } from 'vitest';
import { partialDefinition } from '../../../language/checks/partial-definition.ts';
import { examineDefinition } from '../../../service/definitions/examination.ts';
import { issuesOfPartialBody } from '../../../service/definitions/partial-bodies.ts';

/** Returns code and path of each issue of a body, next to nothing that is stored. */
async function issuesOf(body: unknown, isNew = true): Promise<string[]> {
  const issues = await issuesOfPartialBody(body, {
    isNew,
    complete: async (value) => partialDefinition(value),
    examine: async (content, unstored) => {
      const actions = Object.fromEntries(
        unstored.map(({ ref, paramSchema, runs }) => [ref, { runs, param_schema: paramSchema }]),
      );
      return examineDefinition({ ...content, actions }).issues;
    },
  });
  return issues.map(({ code, path }) => `${code} ${path}`);
}

const calls = (action: string, more: object = {}) => ({
  definition: { start: ['a'], tasks: [{ name: 'a', action, ...more }] },
});
const UNKNOWN = 'unknown_action /definition/tasks/0/action';

describe('the meaning of a workflow whose shape is wrong', () => {
  it.each<[what: string, body: object, issues: string[]]>([
    ['its own ref is known', { ref: 'a.own', pack_ref: 'a', ...calls('a.own') }, []],
    ['an action is unknown', { ref: 'a.own', pack_ref: 'a', ...calls('a.other') }, [UNKNOWN]],
    ['what it calls may be itself, without a ref', { pack_ref: 'a', ...calls('a.own') }, []],
    ['what it calls may be itself, with a wrong ref', { ref: 'A.Own', pack_ref: 'a', ...calls('a.own') }, []],
    [
      'other issues stay without a ref',
      { pack_ref: 'a', ...calls('a.own', { on_success: 'zz' }) },
      ['unknown_task /definition/tasks/0/on_success'],
    ],
    ['its ref is of another pack', { ref: 'b.own', pack_ref: 'a', ...calls('core.noop') }, ['ref_mismatch /ref']],
    ['its ref is of another pack, without a definition', { ref: 'b.own', pack_ref: 'a' }, ['ref_mismatch /ref']],
    ['neither ref says anything of a wrong one', { ref: 'b.own', pack_ref: '?', ...calls('core.noop') }, []],
    ['nothing is left', { ref: 'a.own', pack_ref: 'a', definition: [] }, []],
  ])('%s', async (_, body, issues) => {
    expect(await issuesOf(body)).toEqual(issues);
  });

  it('a workflow that is stored has a ref in its path, and what it calls must be known', async () => {
    expect(await issuesOf(calls('a.own'), false)).toEqual([UNKNOWN]);
  });

  it('each workflow of a pack is examined, next to all others of it', async () => {
    const workflows = [
      { ref: 'a.one', pack_ref: 'a', ...calls('a.two') },
      { ref: 'b.two', pack_ref: 'a', ...calls('a.act') },
      { pack_ref: 'a', ...calls('a.nobody') },
      7,
    ];
    expect(await issuesOf({ workflows: workflows.slice(0, 2), actions: [{ ref: 'a.act' }] })).toEqual([
      'unknown_action /workflows/0/definition/tasks/0/action',
      'ref_mismatch /workflows/1/ref',
    ]);
    // A part without a ref may be what the others call.
    expect(await issuesOf({ workflows, actions: [{ ref: 'a.act' }] })).toEqual(['ref_mismatch /workflows/1/ref']);
  });
});
