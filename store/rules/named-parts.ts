import { and, eq } from 'drizzle-orm';
import type { RuleContent } from '../../model/rules/rule.ts';
import { webhooks } from '../access/tables.ts';
import type { Transaction } from '../database.ts';
import { workflows } from '../definitions/tables.ts';
import { triggers } from './tables.ts';

// Whoever writes what names a trigger, a webhook or a workflow keeps that until its transaction ends, so that it is not deleted meanwhile; whoever
// deletes one locks it first, and then looks who names it.

/** Keeps what a rule names until the transaction ends. Returns false when its trigger or its workflow is gone; its webhook may be yet to come. */
export async function holdNamedParts(
  transaction: Transaction,
  tenant: string,
  { trigger_ref: trigger, webhook, workflow }: RuleContent,
): Promise<boolean> {
  if (!(await holdTrigger(transaction, tenant, trigger))) return false;
  if (webhook !== null) {
    const named = and(eq(webhooks.tenant, tenant), eq(webhooks.name, webhook));
    await transaction.select({ id: webhooks.id }).from(webhooks).where(named).for('share');
  }
  if (workflow === null) return true;
  const named = and(eq(workflows.tenant, tenant), eq(workflows.ref, workflow));
  const held = await transaction.select({ id: workflows.id }).from(workflows).where(named).for('share');
  return held.length > 0;
}

/** Keeps a trigger until the transaction ends; returns false when there is none with the ref. A null ref names none. */
export async function holdTrigger(transaction: Transaction, tenant: string, ref: string | null): Promise<boolean> {
  if (ref === null) return true;
  const named = and(eq(triggers.tenant, tenant), eq(triggers.ref, ref));
  const held = await transaction.select({ id: triggers.id }).from(triggers).where(named).for('share');
  return held.length > 0;
}
