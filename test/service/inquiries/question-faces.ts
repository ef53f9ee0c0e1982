import { createHash, randomUUID } from 'node:crypto';
import { pino } from 'pino';
import type { Act, AnsweringChannel } from '../../../chat/channel.ts';
import { createDesk } from '../../../chat/desk.ts';
import { createMessages } from '../../../chat/message.ts';
import { projectInquiries } from '../../../interpreter/inquiries.ts';
import { step } from '../../../interpreter/interpreter.ts';
import { listWaits, openStatusOf } from '../../../interpreter/waits.ts';
import { handleMcp } from '../../../mcp/server.ts';
import type { AppError } from '../../../model/app-error.ts';
import type { Execution } from '../../../model/execution.ts';
import { integerId } from '../../../model/execution-id.ts';
import type { Inquiry } from '../../../model/inquiry.ts';
import { inquiryId } from '../../../model/inquiry-id.ts';
import type { Json } from '../../../model/json.ts';
import type { Notice } from '../../../model/notice.ts';
import type { Principal } from '../../../model/principal.ts';
import { createSealer } from '../../../service/access/sealer.ts';
import { createControlService } from '../../../service/controls/controls.ts';
import { createDelegationEnds } from '../../../service/inquiries/delegation-ends.ts';
import { createDelegationSender } from '../../../service/inquiries/delegation-signals.ts';
import { createDelegationService } from '../../../service/inquiries/delegations.ts';
import { createInquiryService } from '../../../service/inquiries/inquiries.ts';
import { createInquiryLinkService } from '../../../service/inquiries/links.ts';
import { createSignalTokenService } from '../../../service/inquiries/signal-tokens.ts';
import { createOnceSettled } from '../../../service/statements/settled-runs.ts';
import { createTestApp } from '../../api/test-app.ts';
import { signer } from '../../interpreter/signed.ts';
import { ASKED_AT, type AskingRun } from './asking-runs.ts';

const TENANT = 'acme';
const WORKFLOW = 'wf_1';
const MASTER = 'a master key of the tests that is long enough';

/** Somebody; `names` are their other names, and `kind` and roles those of their credentials. */
type Person = Partial<Pick<Principal, 'kind' | 'roles' | 'onBehalfOf'>> & { names?: string[] };

/** Everybody, each with the address `<subject>@example.com`. A credential lets somebody in by their subject, but `gone`. */
export const PEOPLE: Record<string, Person> = {
  boss: {},
  ann: {},
  dan: {},
  eve: {},
  alice: { names: ['alice-ci'] },
  'alice-ci': { names: ['alice'] },
  owner: { roles: ['admin'] },
  'Alice@Example.com': { roles: ['admin'], names: ['alice'] },
  bot: { kind: 'service', roles: ['admin'] },
  helper: { kind: 'agent', roles: ['admin'], onBehalfOf: 'ann' },
  looker: { roles: ['viewer'] },
  gone: { roles: [] },
};

const addressOf = (subject: string) => (subject.includes('@') ? subject.toLowerCase() : `${subject}@example.com`);

function principalOf(subject: string): Principal {
  const { kind = 'person', roles = ['operator'], onBehalfOf = null } = PEOPLE[subject]!;
  const id = Object.keys(PEOPLE).indexOf(subject) + 1;
  return {
    id,
    tenant: TENANT,
    tenantRef: 'acme',
    subject,
    kind,
    onBehalfOf,
    roles,
    permissions: [],
    groups: [],
  };
}

/** The principals that the services look up. */
const principals = {
  authenticate: async (key: string) => principalOf(key),
  async namesOf({ subject, onBehalfOf }: Principal) {
    const names = [subject, ...(PEOPLE[subject]?.names ?? [])];
    return onBehalfOf === null ? names : [...names, onBehalfOf];
  },
  async findPerson(_: string, kind: string, value: string) {
    const wanted = kind === 'email' ? value : addressOf(value.replace(/^.*\//, ''));
    const subject = Object.keys(PEOPLE).find((each) => addressOf(each) === wanted);
    return subject === undefined ? null : principalOf(subject);
  },
  findNamed: async (_: string, name: string) => (PEOPLE[name] === undefined ? null : principalOf(name)),
  findGranted: async (_: string, subject: string) => (PEOPLE[subject] === undefined ? null : principalOf(subject)),
  mailAddressOf: async ({ subject }: Principal) => addressOf(subject),
  standingOf: async () => 'never',
  wasDisabledSince: async () => false,
};

/** The services and faces around one run, over an interpreter instead of a worker. */
export function createFaces(asking: AskingRun) {
  const { state, run, chain, key } = asking;
  const audited: string[] = [];
  const kept: { name: string; payload: Json }[] = [];
  /** Whether the worker is away; and what happens before it returns while somebody waits for it, null where it does not. */
  const worker: { away: boolean; returns: (() => void) | null } = { away: false, returns: null };
  const execution = (): Execution =>
    ({
      workflowId: WORKFLOW,
      runId: chain,
      workflowType: run.ref,
      run,
      memo: { n: run.n, tenant: TENANT, owner: 'alice' },
      inquiries: projectInquiries(state),
      controls: state.controls,
      trust: state.trust,
      statements: state.statements,
      status: openStatusOf(state),
      waitingFor: listWaits(state),
      closed: null,
      lastEventId: 0,
      projection: 'complete',
      ...(kept.length + state.backlog.length === 0 ? {} : { unsettled: true }),
    }) as unknown as Execution;
  /** Has the run take what came, in one activation. */
  function take(): void {
    const events = kept.splice(0).map(({ name, payload }) => ({ type: 'signal' as const, name, payload }));
    step(state, events, ASKED_AT + 1);
  }
  const temporal = {
    async signal(_: string, sent: { name: string; payload: Json }) {
      kept.push(sent);
      if (!worker.away) take();
      return true;
    },
    async *follow() {
      yield { events: [{ eventId: '1' }] };
      if (worker.returns === null) return;
      worker.returns();
      take();
      yield { events: [{ eventId: '2' }] };
    },
  };
  const projections = { read: async () => ({ execution: execution() }) };
  const executions = { get: async () => ({ n: run.n, execution: execution() }) };
  const audit = {
    async record(_: Principal, { details }: { details?: { result?: string } }) {
      if (details?.result !== undefined) audited.push(details.result);
    },
  };
  const clock = () => ASKED_AT;
  const reading = { temporal, projections } as never;
  const onceSettled = createOnceSettled(reading);
  const send = createDelegationSender({ temporal, projections, signer } as never);
  const store = { delegated: async () => [] };
  const ends = createDelegationEnds({ store, projections, principals, send, log: { error() {} }, clock } as never);
  const inquiries = createInquiryService({
    temporal,
    projections,
    executions,
    store: {},
    principals,
    audit,
    signer,
    ends,
    onceSettled,
    clock,
  } as never);
  const delegations = createDelegationService({
    inquiries,
    principals,
    audit,
    ends,
    send,
    onceSettled,
    clock,
  } as never);
  const controls = createControlService({
    temporal,
    projections,
    executions,
    inquiries,
    signer,
    holds: { settle: async () => undefined },
    children: { passOn: async () => undefined },
    log: pino({ level: 'silent' }),
    attempts: { hold: async () => undefined, end: async () => undefined },
    clock,
  } as never);
  const sealer = createSealer([MASTER], 'signal');
  const tokens = createSignalTokenService({ sealer, executions, inquiries, principals, clock } as never);
  const linkSealer = createSealer([MASTER], 'link');
  const links = createInquiryLinkService({ sealer: linkSealer, inquiries, principals: principals as never, clock });
  const app = createTestApp(
    {},
    {
      inquiries,
      delegations,
      controls,
      tokens,
      links,
      principals,
      audit,
      deliveries: { ofInquiry: async () => [], ofExecution: async () => new Map() },
    },
  );

  const asked = (): Inquiry => projectInquiries(state).find((inquiry) => inquiry.key === key)!;
  const id = () => inquiryId(run.n, asked());
  const noticeFor = (channel: Notice['channel'], target: string): Notice => ({
    id: 1,
    tenant: TENANT,
    channel,
    target,
    inquiryId: id(),
    ref: run.ref,
    owner: 'alice',
    execution: integerId(run.n),
    inquiry: asked(),
  });

  async function rest(who: string, method: string, path: string, body?: object): Promise<string> {
    const response = await app.request(path, {
      method,
      headers: { 'x-api-key': who, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const answer = (await response.json()) as { code?: string; result?: string };
    return answer.code ?? answer.result ?? String(response.status);
  }

  async function tool(who: string, name: string, args: object): Promise<string> {
    const body = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: args } };
    const request = new Request('http://localhost/mcp', {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
      body: JSON.stringify(body),
    });
    const services = { inquiries, delegations, audit, definitions: {}, executions: {}, lists: {}, retries: {} };
    const answer = await handleMcp(services as never, principalOf(who), request, body);
    const { result } = JSON.parse(/^data: (.*)$/m.exec(await answer.text())![1]!);
    return result.isError ? JSON.parse(result.content[0].text).error.code : result.structuredContent.result;
  }

  /** Approves in a chat, by a button that shows what it shows. */
  async function press(name: 'slack' | 'teams', who: string, boundTo: string): Promise<string> {
    const sealers = createSealer([MASTER], name);
    const found = { notice: noticeFor(name, '#ops'), place: {} };
    const outbox = { find: async () => found, refresh: async () => {} };
    const desk = createDesk({ messages: createMessages(() => sealers), outbox, inquiries, principals } as never);
    const act = {
      kind: 'press',
      sealed: await sealers.seal({ notice: 1, option: 'approve', bound_to: boundTo }),
      actor: { team: 'T', user: who },
      once: randomUUID(),
      written: () => '',
      comment: null,
      identify: async () => ({ email: null }),
    };
    const taken = await desk.take({ name } as AnsweringChannel, act as unknown as Act);
    await taken!.decide();
    return audited.at(-1)!;
  }

  /** Sends a form to the page of a question, with the cookie of a page; each is of the question that it names. */
  async function sendForm(
    who: string,
    { path, page, form }: Record<'path' | 'page' | 'form', string>,
    boundTo = asked().bound_to,
  ): Promise<number> {
    const about = { tenant: TENANT, address: addressOf(who), expires: ASKED_AT + 60_000 };
    const cookie = await linkSealer.seal({ kind: 'page', inquiry: page, ...about });
    const decision = { decision: randomUUID(), bound_to: boundTo, shown: { asked: '', plan: {} } };
    const sealed = await linkSealer.seal({ kind: 'form', inquiry: form, ...about, ...decision });
    const name = `fermata_inquiry_${createHash('sha256').update(path).digest('hex').slice(0, 12)}`;
    const response = await app.request(`/inquiry/${encodeURIComponent(path)}`, {
      method: 'POST',
      headers: { cookie: `${name}=${cookie}`, 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ form: sealed, option: 'approve' }).toString(),
    });
    return response.status;
  }

  /** Approves by the page of a link that was sent to somebody; by a form for it, also where the page would show none. */
  async function byLink(who: string, boundTo: string): Promise<string> {
    await sendForm(who, { path: id(), page: id(), form: id() }, boundTo);
    return audited.at(-1)!;
  }

  /** Presses a button of a message in one chat, whose handle was made for another one. */
  async function pressForeign(): Promise<string> {
    const sealed = await createSealer([MASTER], 'teams').seal({
      notice: 1,
      option: 'approve',
      bound_to: asked().bound_to,
    });
    const messages = createMessages((channel) => createSealer([MASTER], channel));
    const desk = createDesk({ messages, outbox: {}, inquiries, principals } as never);
    return desk.take({ name: 'slack' } as AnsweringChannel, { sealed } as Act).then(
      () => 'taken',
      ({ code }: AppError) => code,
    );
  }

  /** Presents a token that holds somebody's own decision, as it was issued before what bars them now. */
  async function present(who: string, boundTo: string, subject = key): Promise<string> {
    const token = await sealer.seal({
      specversion: '1.0',
      id: randomUUID(),
      type: 'io.fermata.inquiry.decision',
      subject,
      source: `/executions/${WORKFLOW}`,
      time: new Date(ASKED_AT).toISOString(),
      datacontenttype: 'application/json',
      data: { option: 'approve' },
      fermatarun: WORKFLOW,
      fermatatenant: TENANT,
      fermataaudience: who,
      fermatabound: boundTo,
      fermataexpires: new Date(ASKED_AT + 60_000).toISOString(),
    });
    const answer = await rest(who, 'POST', `/execution/${WORKFLOW}/signal?input=${encodeURIComponent(token)}`);
    return answer === '200' ? audited.at(-1)! : answer;
  }

  return {
    asked,
    id,
    rest,
    tool,
    links,
    noticeFor,
    inquiries,
    delegations,
    worker,
    principalOf,
    kept,
    sendForm,
    pressForeign,
    present,
    /** How somebody approves through each channel; each answers `decided`, `counted`, or the code of the refusal. */
    ways: {
      rest: (who: string, boundTo = asked().bound_to) =>
        rest(who, 'POST', `/api/v1/inquiries/${encodeURIComponent(id())}/respond`, {
          option: 'approve',
          bound_to: boundTo,
        }),
      mcp: (who: string, boundTo = asked().bound_to) =>
        tool(who, 'answer_inquiry', { id: id(), option: 'approve', boundTo }),
      token: (who: string, boundTo = asked().bound_to) => present(who, boundTo),
      link: (who: string, boundTo = asked().bound_to) => byLink(who, boundTo),
      slack: (who: string, boundTo = asked().bound_to) => press('slack', who, boundTo),
      teams: (who: string, boundTo = asked().bound_to) => press('teams', who, boundTo),
    },
  };
}
