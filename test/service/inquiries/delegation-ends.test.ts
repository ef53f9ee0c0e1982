import { describe, expect, it } from 'vitest';
import type { Delegation, DelegationRecord } from '../../../model/delegation.ts';
import type { Execution } from '../../../model/execution.ts';
import { type Inquiry, inquiryRequest, type Vote } from '../../../model/inquiry.ts';
import type { Principal } from '../../../model/principal.ts';
import { createPrincipalService } from '../../../service/access/principals.ts';
import { createDelegationEnds } from '../../../service/inquiries/delegation-ends.ts';
import type { ProjectionReader } from '../../../service/projections/reader.ts';
import type { KnownPrincipal, PrincipalStore } from '../../../store/access/principals.ts';
import type { InquiryRow } from '../../../store/inquiries/inquiries.ts';

const NOW = Date.parse('2026-11-28T12:00:00Z');
const DAY = 86_400_000;

/** The principal as the store knows it; the roles are those of the keys, and `claims` those of the last token. */
interface Known {
  roles?: string[];
  keyKinds?: KnownPrincipal['keyKinds'];
  claims?: string[];
  seenDaysAgo?: number;
  disabled?: boolean;
}

const MAY: Known = { roles: ['operator'], keyKinds: ['person'] };
const MAY_NOT: Known = { roles: ['viewer'], keyKinds: ['person'] };

function knownOf(subject: string, { roles = [], keyKinds = [], claims, seenDaysAgo = 0, disabled = false }: Known) {
  const principal = {
    id: 1,
    tenant: 'acme',
    subject,
    roles,
    permissions: [],
    groups: [],
    disabled: disabled ? new Date(NOW) : null,
    claims: claims === undefined ? null : { roles: claims, permissions: [], groups: [] },
    claimsSeen: claims === undefined ? null : new Date(NOW - seenDaysAgo * DAY),
  };
  return { principal, tenantRef: 'acme', keyKinds } as unknown as KnownPrincipal;
}

const principalOf = (subject: string): Principal => ({
  id: 1,
  tenant: 'acme',
  tenantRef: 'acme',
  subject,
  kind: 'person',
  onBehalfOf: null,
  roles: ['operator'],
  permissions: [],
  groups: [],
});

const delegationOf = (more: Partial<Delegation> = {}): Delegation => ({
  id: 'made',
  inquiry: 'ask',
  by: 'ann',
  names: [],
  groups: [],
  to: 'cid',
  to_names: [],
  to_groups: [],
  reason: null,
  at: '2026-11-01T00:00:00.000Z',
  standing: 'never',
  ...more,
});

function inquiryOf(more: Partial<Delegation> = {}, rest: Partial<Inquiry> = {}): Inquiry {
  const record: DelegationRecord = {
    delegation: delegationOf(more),
    verdict: { result: 'delegated' },
    taken: '2026-11-01T00:00:00.000Z',
  };
  const request = inquiryRequest({ prompt: 'Deploy?', approvers: ['ann'], delegable: true });
  return {
    key: 'ask',
    task: 'ask',
    status: 'pending',
    request,
    votes: [],
    decisions: [],
    delegations: [record],
    bound_to: 'bound',
    expires_at: null,
    ...rest,
  } as unknown as Inquiry;
}

const executionOf = (inquiry: Inquiry, interpreter = 10, workflowId = 'wf_1') =>
  ({ workflowId, run: { interpreter }, inquiries: [inquiry] }) as unknown as Execution;

/** The service among people, and what it sends. */
function setUp(
  people: Record<string, Known>,
  { memory = 30 * 86_400, standing = 'never', rows = 0, works = true } = {},
) {
  const sent: Delegation[] = [];
  const logged: object[] = [];
  const load = { now: 0, most: 0 };
  const kept = {
    findPerson: async (_: string, { subject }: { subject: string }) =>
      people[subject] === undefined ? null : knownOf(subject, people[subject]),
    namesOf: async (_: string, subjects: string[]) => subjects,
    lastDisabled: async () => standing,
  } as unknown as PrincipalStore;
  const principals = createPrincipalService({ store: kept, verify: async () => null, clock: () => NOW, memory });
  const ends = createDelegationEnds({
    store: {
      async delegated() {
        if (!works) throw new Error('the database does not respond');
        return Array.from({ length: rows }, (_, n) => ({ workflowId: `wf_${n}`, key: 'ask' }) as InquiryRow);
      },
    },
    projections: {
      async read(workflowId: string) {
        load.now += 1;
        load.most = Math.max(load.most, load.now);
        await Promise.resolve();
        load.now -= 1;
        if (workflowId === 'wf_3') throw new Error('no such run');
        return { execution: executionOf(inquiryOf(), 10, workflowId) };
      },
    } as unknown as ProjectionReader,
    principals,
    async send(_, delegation) {
      sent.push(delegation);
      return null;
    },
    log: { error: (fields) => logged.push(fields) },
    clock: () => NOW,
  });
  return { ends, sent, logged, load };
}

describe('a delegation that one of the two wants to decide by', () => {
  it.each<[string, number, Known | undefined, Delegation['why'] | null]>([
    ['has a key that may', 30, MAY, null],
    ['has a key that may not', 30, MAY_NOT, 'not_permitted'],
    ['has a key whose roles may not, and a token that may', 30, { ...MAY_NOT, claims: ['operator'] }, null],
    ['has had a token that may', 30, { claims: ['operator'], seenDaysAgo: 29 }, null],
    ['has had a token that may not', 30, { claims: ['viewer'], seenDaysAgo: 29 }, 'not_permitted'],
    ['has had a token too long ago', 30, { claims: ['operator'], seenDaysAgo: 31 }, null],
    ['has had one that may not too long ago', 30, { claims: ['viewer'], seenDaysAgo: 31 }, null],
    ['has had a token where none is remembered', 0, { claims: ['operator'], seenDaysAgo: 1 }, null],
    ['had a key, which has expired', 30, { roles: ['operator'] }, null],
    ['had a key that may not, which has expired', 30, { roles: ['viewer'] }, null],
    ['has the key of a service alone', 30, { roles: ['operator'], keyKinds: ['service'] }, null],
    ['was disabled before', 30, { ...MAY_NOT, claims: ['viewer'], disabled: true }, null],
    ['is nobody that is known', 30, undefined, null],
  ])('while the other %s, where tokens are remembered for %i days', async (_, days, other, why) => {
    for (const [caller, away] of [
      ['ann', 'cid'],
      ['cid', 'ann'],
    ] as const) {
      const { ends, sent } = setUp({ [caller]: {}, ...(other && { [away]: other }) }, { memory: days * 86_400 });
      const inquiry = inquiryOf();
      const left = await ends.withoutStale(principalOf(caller), inquiry);
      expect([caller, left.delegations?.length, sent]).toEqual([caller, why === null ? 1 : 0, []]);
      const ended = await ends.endStale(principalOf(caller), { execution: executionOf(inquiry), inquiry });
      expect([caller, ended, sent.map((end) => [end.ends, end.why, end.to])]).toEqual([
        ...[caller, why !== null, why === null ? [] : [['made', why, 'ann']]],
      ]);
    }
  });

  const vote = { by: 'cid', option: 'approve' } as Vote;
  it.each<[string, string, Inquiry, number, Delegation['why'] | null]>([
    ['ends where one of the two was disabled since', 'ann', inquiryOf({ standing: 'before' }), 10, 'disabled'],
    ['does not concern somebody else', 'bob', inquiryOf({ standing: 'before' }), 10, null],
    ['stays once it was decided by', 'ann', inquiryOf({ standing: 'before' }, { votes: [vote] }), 10, null],
    ['stays once the question is closed', 'ann', inquiryOf({ standing: 'before' }, { status: 'denied' }), 10, null],
    ['stays in a run of interpreter 9', 'ann', inquiryOf({ standing: 'before' }), 9, null],
  ])('%s', async (_, caller, inquiry, interpreter, why) => {
    const { ends, sent } = setUp({ ann: MAY, cid: MAY });
    const ended = await ends.endStale(principalOf(caller), { execution: executionOf(inquiry, interpreter), inquiry });
    expect([ended, sent.map((end) => end.why)]).toEqual([why !== null, why === null ? [] : [why]]);
  });

  it('without a standing, of a run in which nothing ends it, is left to the rules of that run', async () => {
    const inquiry = inquiryOf();
    delete inquiry.delegations![0]!.delegation.standing;
    const { ends } = setUp({ ann: MAY, cid: MAY_NOT });
    expect((await ends.withoutStale(principalOf('ann'), inquiry)).delegations).toHaveLength(1);
  });
});

describe('when somebody has changed', () => {
  it.each<[string, Record<string, Known>, string, string[]]>([
    ['the delegate may no longer decide', { ann: MAY, cid: MAY_NOT }, 'cid', ['not_permitted']],
    ['who has delegated may no longer decide', { ann: MAY_NOT, cid: MAY }, 'ann', ['not_permitted']],
    ['both may decide', { ann: MAY, cid: MAY }, 'cid', []],
    ['nothing is known of either', {}, 'cid', []],
    ['somebody else may no longer decide', { ann: MAY, cid: MAY, bob: MAY_NOT }, 'bob', []],
  ])('ends a delegation as it must where %s', async (_, people, subject, why) => {
    const { ends, sent } = setUp(people, { rows: 1 });
    await ends.endOf(principalOf('boss'), subject);
    expect(sent.map((end) => end.why)).toEqual(why);
  });

  it('reads a few runs at a time, and logs what fails', async () => {
    const { ends, sent, logged, load } = setUp({ ann: MAY, cid: MAY }, { standing: 'since', rows: 40 });
    await ends.endOf(principalOf('boss'), 'cid');
    expect([sent.length, load.most]).toEqual([39, 8]);
    expect(logged).toEqual([{ err: expect.any(Error), subject: 'cid', workflow_id: 'wf_3' }]);
  });

  it('never rejects', async () => {
    const { ends, logged } = setUp({ ann: MAY, cid: MAY }, { works: false });
    await expect(ends.endOf(principalOf('boss'), 'cid')).resolves.toBeUndefined();
    expect(logged).toEqual([{ err: expect.any(Error), subject: 'cid' }]);
  });
});
