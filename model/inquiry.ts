import { type DelegationRecord, heldDelegations, type PersonRefusal } from './delegation.ts';
import { isJsonObject, type Json, type JsonObject } from './json.ts';
import type { StatementProof } from './statement.ts';

// Decisions by people. Free of zod: the interpreter reads it.

/** What an option means for the task. */
export type InquiryOutcome = 'approve' | 'deny';

/** Whether the form must come with a decision for an option; with `none` it may be left out. */
export type OptionForm = 'required' | 'none';

/** One of the answers that are offered. */
export interface InquiryOption {
  ref: string;
  label: string;
  style: 'primary' | 'danger' | 'default';
  outcome: InquiryOutcome;
  /** Absent in runs of interpreter 8 and older, where every option requires the form. */
  form?: OptionForm;
}

/** Where people are told that they are asked. */
export interface InquiryNotify {
  slack?: { channel: string };
  teams?: { channel: string };
  email?: string[];
  webhook?: string;
}

/** A step of a question's ladder: whom it adds, and tells, when nobody has decided for a while. */
export interface InquiryStep {
  /** Seconds after the question was asked. */
  after: number;
  approvers: string[];
  groups: string[];
  notify: InquiryNotify;
  reason: string | null;
}

/** What is asked, defaults applied. Times in seconds. */
export interface InquiryRequest {
  prompt: string | null;
  details: string | null;
  /** Who may decide, by subject or another of their names; with neither these nor groups: whoever may respond at all. */
  approvers: string[];
  groups: string[];
  options: InquiryOption[];
  quorum: number;
  deny_quorum: number;
  response_schema: JsonObject | null;
  timeout: number | null;
  remind_every: number | null;
  /** Whether who started the run may decide. */
  allow_self: boolean;
  notify: InquiryNotify;
  /** Whether a decision holds only for what was shown when it was made. */
  bind: boolean;
  /** Who else is asked later, in order; absent where an interpreter before 9 kept the request. */
  escalate?: InquiryStep[];
  /** Somebody who is asked may name another person to decide on their behalf; absent where nobody may. */
  delegable?: true;
}

/** Chats in which people are asked and answer. */
export const CHAT_CHANNELS = ['slack', 'teams'] as const;

/** The form of the ids of users, `team/user`, by chat. */
export const CHAT_USERS: Readonly<Record<(typeof CHAT_CHANNELS)[number], RegExp>> = {
  slack: /^T[A-Z0-9]+\/[UW][A-Z0-9]+$/,
  teams: /^[0-9a-f-]{36}\/[0-9a-f-]{36}$/,
};

/** Through what a decision came. */
export const CHANNELS = ['api', 'mcp', 'token', 'link', ...CHAT_CHANNELS] as const;

/** Through what a decision came. */
export type Channel = (typeof CHANNELS)[number];

/** What somebody has decided, as it is sent to the run: the payload of a signal named DECISION_SIGNAL. */
export interface Decision {
  /** The same id twice is one decision. */
  id: string;
  /** Key of the inquiry in its run. */
  inquiry: string;
  option: string;
  response: Json;
  comment: string | null;
  /** The subject of who decides, all names that are theirs, and their groups. */
  by: string;
  names: string[];
  groups: string[];
  channel: Channel;
  /** When it was made, ISO 8601. */
  at: string;
  /** Hash of what was shown; null: of nothing. */
  bound_to: string | null;
  /** It stands in place of the decisions of everybody who is asked. */
  override?: true;
  /** The subject of who has delegated it to who decides; absent where nobody has. */
  on_behalf_of?: string;
}

/** Why a decision does not count. */
export type RefusalReason =
  | PersonRefusal
  | 'unknown'
  | 'malformed'
  | 'option_unknown'
  | 'response_invalid'
  | 'binding_changed';

/** What has become of a decision: the interpreter's word, which is recorded. */
export type Verdict =
  | { result: 'decided'; outcome: 'approved' | 'denied' }
  /** It counts, and more people are needed. */
  | { result: 'counted' }
  | { result: 'refused'; reason: RefusalReason; message: string; issues?: { path: string; message: string }[] };

/** How an inquiry can stand. */
export const INQUIRY_STATUSES = ['pending', 'approved', 'denied', 'expired', 'cancelled'] as const;

/** How an inquiry stands. */
export type InquiryStatus = (typeof INQUIRY_STATUSES)[number];

/** The signal that brings a decision into a run; nobody can send it through the API's own signals. */
export const DECISION_SIGNAL = '__fermata_decision';

/** The two options of an inquiry that offers none of its own. */
export const DEFAULT_OPTIONS: readonly InquiryOption[] = [
  { ref: 'approve', label: 'Approve', style: 'primary', outcome: 'approve', form: 'required' },
  { ref: 'deny', label: 'Deny', style: 'danger', outcome: 'deny', form: 'none' },
];

/** Reads the input of `core.inquiry`, whose schema has been checked. */
export function inquiryRequest(input: Json): InquiryRequest {
  const given = isJsonObject(input) ? input : {};
  const text = (field: string) => (typeof given[field] === 'string' ? given[field] : null);
  const number = (field: string) => (typeof given[field] === 'number' ? given[field] : null);
  const list = (field: string) => (Array.isArray(given[field]) ? given[field] : []);
  const options = list('options') as unknown as (Partial<InquiryOption> & Pick<InquiryOption, 'ref' | 'outcome'>)[];
  return {
    prompt: text('prompt'),
    details: text('details'),
    approvers: list('approvers') as string[],
    groups: list('groups') as string[],
    options:
      options.length === 0
        ? [...DEFAULT_OPTIONS]
        : options.map(({ ref, label = ref, style = 'default', outcome, form = formFor(outcome) }) => ({
            ref,
            label,
            style,
            outcome,
            form,
          })),
    quorum: number('quorum') ?? 1,
    deny_quorum: number('deny_quorum') ?? 1,
    response_schema: isJsonObject(given.response_schema ?? null) ? (given.response_schema as JsonObject) : null,
    timeout: number('timeout'),
    remind_every: number('remind_every'),
    allow_self: given.allow_self === true,
    notify: (given.notify ?? {}) as InquiryNotify,
    bind: given.bind !== false,
    escalate: (list('escalate') as unknown as (Partial<InquiryStep> & Pick<InquiryStep, 'after'>)[]).map(
      ({ after, approvers = [], groups = [], notify = {}, reason = null }) => ({
        after,
        approvers,
        groups,
        notify,
        reason,
      }),
    ),
    ...(given.delegable === true ? { delegable: true } : {}),
  };
}

/** Returns who may decide, and how many of them must approve, in words. */
export function whoIsAsked({ request, delegations }: Pick<Inquiry, 'request' | 'delegations'>): string {
  const { approvers, groups, quorum } = request;
  const delegates = heldDelegations({ delegations }).map(({ by, to }) => `${to} on behalf of ${by}`);
  const people = [...approvers, ...groups.map((group) => `members of ${group}`), ...delegates];
  const who = people.length === 0 ? 'anyone who may answer questions' : people.join(', ');
  return quorum === 1 ? who : `${who}; ${quorum} of them must approve`;
}

/** Saying no needs no form unless the option says so. */
function formFor(outcome: InquiryOutcome): OptionForm {
  return outcome === 'approve' ? 'required' : 'none';
}

/** Returns the schema of the form that must come with a decision for an option; null where none must. */
export function requiredForm(
  { response_schema }: Pick<InquiryRequest, 'response_schema'>,
  { form = 'required' }: Pick<InquiryOption, 'form'>,
): JsonObject | null {
  return form === 'required' ? response_schema : null;
}

/** The payload of a decision, read with care: anybody with a Temporal client can send one. Null: it is none. */
export function parseDecision(payload: Json): Decision | null {
  if (!isJsonObject(payload)) return null;
  const {
    id,
    inquiry,
    option,
    response = null,
    comment = null,
    by,
    names,
    groups,
    channel,
    at,
    bound_to = null,
    override,
    on_behalf_of,
  } = payload;
  const texts = [id, inquiry, option, by, channel, at];
  if (!texts.every((text) => typeof text === 'string')) return null;
  if (!isTextList(names) || !isTextList(groups)) return null;
  if (comment !== null && typeof comment !== 'string') return null;
  if (bound_to !== null && typeof bound_to !== 'string') return null;
  if (!CHANNELS.includes(channel as Channel) || Number.isNaN(Date.parse(at as string))) return null;
  const decision = { id, inquiry, option, response, comment, by, names, groups, channel, at, bound_to } as Decision;
  if (override === true) decision.override = true;
  if (typeof on_behalf_of === 'string') decision.on_behalf_of = on_behalf_of;
  return decision;
}

function isTextList(value: Json | undefined): value is string[] {
  return Array.isArray(value) && value.every((entry) => typeof entry === 'string');
}

/** What the approval of an inquiry will run next, as far as it was known when it was looked at. */
export interface PlannedTask {
  task: string;
  action: string;
  /** The input; where it depends on what is not known yet, as it is written. */
  input: Json;
  rendered: boolean;
}

/** A vote that counts. */
export interface Vote extends Pick<Decision, 'id' | 'by' | 'option' | 'response' | 'comment' | 'channel' | 'at'> {
  outcome: InquiryOutcome;
  bound_to: string | null;
  override?: true;
  /** The subject of who has delegated the decision; absent where nobody has. */
  on_behalf_of?: string;
  /** The signed statement that it came as; absent where the run takes decisions without. */
  proof?: StatementProof;
  /** The integer id of the execution in which it was made, where a retry has kept it. */
  carried_from?: number;
}

/** A decision with what became of it; `taken`: when the run took it, ISO 8601. */
export interface DecisionRecord {
  decision: Decision;
  verdict: Verdict;
  /** Whether it came as a signed statement that the run has verified. */
  verified?: true;
  taken: string;
}

/** An inquiry as history tells of it. Times are ISO 8601, UTC. */
export interface Inquiry {
  /** In its run: the key of the visit or item, with `~2` when it was asked again. */
  key: string;
  /** Number and item of the visit that asks. */
  task: string;
  visit: number | null;
  item: number | null;
  request: InquiryRequest;
  status: InquiryStatus;
  votes: Vote[];
  /** When each step of the ladder was taken, in the order of `request.escalate`; who it adds stands in `request`. */
  escalated?: string[];
  /** Every delegation that came, in order, also those that do not count. */
  delegations?: DelegationRecord[];
  decisions: DecisionRecord[];
  bound_to: string;
  /** What `bound_to` is computed from, without the run (interpreter 9). */
  what?: string;
  plan: PlannedTask[];
  created: string;
  expires_at: string | null;
  decided_at: string | null;
}

/** Returns the steps of a question's ladder that were taken; `escalated` has an entry for each. */
export function stepsTaken({
  request,
  escalated = [],
}: {
  request: InquiryRequest;
  escalated?: readonly unknown[] | undefined;
}): InquiryStep[] {
  return (request.escalate ?? []).slice(0, escalated.length);
}

/** Through what people and programs are told of inquiries. */
export const NOTICE_CHANNELS = [...CHAT_CHANNELS, 'email', 'webhook'] as const;

/** Through what people and programs are told of inquiries. */
export type NoticeChannel = (typeof NOTICE_CHANNELS)[number];

/** How often the inquiries of a run have changed: asked, voted on, escalated, delegated, ended. */
export function inquiryChanges(
  inquiries: Iterable<Record<'votes' | 'escalated' | 'delegations', readonly unknown[]> & { ended: boolean }>,
): number {
  let changes = 0;
  for (const { votes, escalated, delegations, ended } of inquiries) {
    changes += 1 + votes.length + escalated.length + delegations.length + (ended ? 1 : 0);
  }
  return changes;
}

/** Returns an inquiry as it is once nobody can decide it any more: an open one is withdrawn. */
export function withdrawn(inquiry: Inquiry): Inquiry {
  return inquiry.status === 'pending' ? { ...inquiry, status: 'cancelled' } : inquiry;
}
