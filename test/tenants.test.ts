import { readdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { expect, it } from 'vitest';

/** Functions of the stores that make statements without a tenant, and why these keep tenants apart all the same. */
const WITHOUT_TENANT: Record<string, string[]> = {
  'One run, by its number or workflow id, which no two tenants share; the service compares the tenant of what it finds.':
    [
      ...[
        'executions.createExecutionStore',
        'executions.find',
        'executions.findByWorkflowId',
        'execution-rows.lockRows',
        'index-upkeep.known',
        'index-upkeep.mark',
        'index-upkeep.drop',
      ],
      ...[
        'executions.erase',
        'deletions.buriedAmong',
        'index-upkeep.statusesAbove',
        'executions.descendants',
        'execution-lists.findMoment',
        'index-upkeep.looked',
        'inquiries.find',
      ],
      ...['inquiries.looked', 'inquiries.skip', 'inquiries.withdraw', 'inquiries.forget', 'notice-events.find'],
      ...[
        'notice-events.list',
        'turns.isGranted',
        'turns.leave',
        'turns.settle',
        'turns.note',
        'failure-hooks.end',
        'failure-hooks.forgetHooks',
      ],
      'run-strikes.end',
    ],
  'The lease of a schedule, by its id in Temporal, which begins with the tenant.': [
    'schedule-leases.take',
    'schedule-leases.end',
  ],
  'The session of a browser, by the hash of an id that only the browser knows.': [
    ...['sessions.end', 'sessions.touch'],
  ],
  'The key of a caller, by its hash.': ['sessions.findKey'],
  'Rows that another statement has found, by their own ids.': [
    ...['notice-events.lease', 'notice-events.ofTarget', 'notice-events.refresh', 'notice-events.settle'],
    ...['bulk-jobs.advance', 'bulk-jobs.renew'],
  ],
  'Rows that are written with the tenant that stands in them.': [
    ...[
      'audit.add',
      'bulk-jobs.create',
      'sessions.add',
      'executions.writeAll',
      'aliases.createAlias',
      'run-strikes.add',
    ],
    ...['claims.claimBare', 'claims.insertWithin'],
    ...['turns.claim', 'turns.noteTurns'],
  ],
  'A condition with the tenant, which the function takes from another one.': [
    ...['turns.rivals', 'execution-counts.kept', 'execution-counts.countSome', 'execution-pages.collect'],
    ...['execution-pages.walk', 'execution-rows.inOrder'],
  ],
  'The work of a process for all tenants.': [
    ...['index-upkeep.forgetBuried', 'bulk-jobs.forget', 'inquiries.remind'],
    ...['run-strikes.due', 'run-strikes.createRunStrikeStore', 'seals.replace', 'sessions.forget'],
    ...['failure-hooks.due', 'index-upkeep.due', 'inquiries.due', 'inquiries.createInquiryStore', 'notice-events.due'],
    ...['index-upkeep.createIndexUpkeep', 'turns.standing', 'notice-events.isNoticeDue'],
    ...['due-work.createDueWorkStore', 'due-work.find'],
    ...['processes.note', 'processes.list', 'processes.end'],
    ...['webhooks.tally', 'rule-keys.forget'],
  ],
  'A table or a lock of the installation.': [
    ...['database.createProbe', 'index-upkeep.askRebuild', 'index-upkeep.endRebuild', 'index-upkeep.rebuilds'],
    ...['deletions.holdDeletions', 'index-upkeep.seen', 'index-upkeep.unseen', 'index-upkeep.watermark'],
    ...['tenants.ensureTenant', 'tenants.findTenant', 'tenants.hasTenantBeside', 'signing-keys.alone'],
    ...['tenants.tenants', 'planning.mintNumbers', 'locks.tryLock'],
    ...[
      'signing-keys.ensure',
      'signing-keys.installed',
      'signing-keys.list',
      'signing-keys.replace',
      'signing-keys.revoke',
      'turns.alone',
    ],
    'task-queues.remove',
  ],
  'The engine, whatever it is asked.': ['prepared-engine.run', 'prepared-engine.takeName'],
  'A key, whose hash no two tenants share, says which tenant it belongs to.': [
    'principals.findByKeyHash',
    'webhooks.findByKey',
  ],
};

/** A method of a store, a function within one, or a function of the file. */
const FUNCTION =
  /^(?= {4}(?:async )?\w+(?:\(|<|: (?:async )?\()| {2}(?:async )?function |(?:export )?(?:async )?function )/m;

const functions = readdirSync('store', { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .flatMap((file) =>
    readFileSync(`store/${file}`, 'utf8')
      .replaceAll(/\/\*\*.*?\*\//gs, '')
      .split(FUNCTION)
      .slice(1)
      .map((text) => ({ name: `${basename(file, '.ts')}.${/(?:function )?(\w+)[(<:]/.exec(text)![1]}`, text })),
  )
  .filter(({ text }) => /\b(select|selectDistinct|insert|update|delete|execute)\(/.test(text));

it('every statement of the stores is about one tenant, but those of which it is said why not', () => {
  expect(functions.length).toBeGreaterThan(100);
  // A parameter alone is no condition.
  const without = functions.filter(({ text }) => !/\btenant\b/.test(text.replaceAll('tenant: string', '')));
  expect(without.map(({ name }) => name).sort()).toEqual(Object.values(WITHOUT_TENANT).flat().sort());
});
