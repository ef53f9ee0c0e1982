import { expect, it } from 'vitest';
import { issuesOfPartialPack } from '../../../service/packs/pack-parts.ts';

const places = (body: unknown) => issuesOfPartialPack(body).map(({ code, path }) => `${code} ${path}`);
const action = (ref: string, more: object = {}) => ({ ref, pack_ref: 'a', label: ref, task_queue: 'own', ...more });
const pack = { ref: 'a' }; // its label is missing

it.each<[what: string, body: unknown, issues: string[]]>([
  ['refs that do not begin with their pack', { pack, actions: [action('b.one')] }, ['ref_mismatch /actions/0/ref']],
  [
    'parts of other packs',
    { pack, actions: [action('b.one', { pack_ref: 'b' })], workflows: [{ ref: 'c.two', pack_ref: 'c' }] },
    ['ref_mismatch /actions/0/pack_ref', 'ref_mismatch /workflows/0/pack_ref'],
  ],
  [
    'refs that are there twice',
    { pack, actions: [action('a.one'), action('a.one')], workflows: [{ ref: 'a.one' }] },
    ['duplicate /actions/1/ref', 'duplicate /workflows/0/ref'],
  ],
  [
    'schemas of actions',
    { pack, actions: [action('a.one', { param_schema: { type: 'things' } })] },
    ['type_invalid /actions/0/param_schema/type'],
  ],
  [
    'nothing where the ref of the pack is wrong',
    { pack: { ref: '?' }, workflows: [{ ref: 'c.two', pack_ref: 'c' }] },
    [],
  ],
  ['nothing of parts whose shape is wrong', { pack, actions: [7, { ref: 3, pack_ref: {} }], workflows: 'none' }, []],
  ['nothing of what is no pack', [], []],
])('%s are found next to issues of shape', (_, body, issues) => {
  expect(places(body)).toEqual(issues);
});
