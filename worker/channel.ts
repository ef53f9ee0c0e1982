import type { WorkflowBundle } from '@temporalio/worker';
import { AppError, type ErrorCode } from '../model/app-error.ts';
import type { ConnectedPack, FoundConnection } from '../model/connection.ts';
import type { Json } from '../model/json.ts';
import type { LedgerKey } from '../model/ledger.ts';
import type { EgressRules } from '../model/networks.ts';
import type { RunReport } from '../model/run-report.ts';
import type { WatchReport } from './watch.ts';

/** The questions that one side of the channel asks the other, with their arguments and answers. */
export interface Questions {
  /** To the supervisor: a connection of a tenant, and a secret of a tenant; null when there is none. */
  connection: {
    args: [tenant: string, pack: ConnectedPack, name: string];
    answer: FoundConnection | null;
  };
  secret: { args: [tenant: string, name: string]; answer: string | null };
  /** To the supervisor: the keys whose warrants count, and until when runs were started without, in milliseconds. */
  warrantTrust: { args: []; answer: { keys: LedgerKey[]; unsignedUntil: number | null } };
  /** To the worker: its metrics in Prometheus' text format. */
  metrics: { args: []; answer: string };
}

type Question = keyof Questions;

/** The settings of a worker process; the first message to it. */
export interface WorkerOrder {
  /** One workflow task at a time, and no cache. */
  probation: boolean;
  /** Where secrets, connections and reports are: in the supervisor, or in a database that the worker opens itself. */
  host: 'supervisor' | 'own';
  /** The workflow code, once a worker process has bundled it. */
  bundle: WorkflowBundle | null;
}

/** A message from a supervisor to a worker process. */
export type ToWorker =
  | { type: 'order'; order: WorkerOrder }
  | { type: 'connect'; address: string; egress: EgressRules }
  | { type: 'drain' }
  | { type: 'stop' }
  | ExchangeMessage;

/** A message from a worker process to its supervisor. */
export type FromWorker =
  | { type: 'bundled'; bundle: WorkflowBundle }
  | { type: 'ready' }
  | { type: 'retire' }
  | { type: 'watch'; report: WatchReport }
  | { type: 'report'; report: RunReport }
  | ExchangeMessage;

/** A question or its answer, on its way. */
export type ExchangeMessage =
  | { type: 'ask'; id: number; question: Question; args: Json[] }
  | { type: 'answer'; id: number; answer: Json }
  | { type: 'refusal'; id: number; code: ErrorCode | null; message: string };

/** The answers that one side can give. */
export type Answers = { [Each in Question]?: (...args: Questions[Each]['args']) => Promise<Questions[Each]['answer']> };

/** Questions without an answer at any time; beyond, a question fails at once. */
const MAX_OPEN = 10_000;

/** Milliseconds after which a question without an answer fails. */
const ANSWER_TIMEOUT = 30_000;

/** Asks and answers questions over a channel that carries JSON. */
export interface Exchange {
  /** Rejects with the AppError of the other side, or with an Error when there is no answer within 30 seconds. */
  ask<Q extends Question>(question: Q, ...args: Questions[Q]['args']): Promise<Questions[Q]['answer']>;
  /** Takes an incoming message. */
  take(message: ExchangeMessage): void;
}

/** Creates one side of a channel's questions and answers. */
export function createExchange(send: (message: ExchangeMessage) => void, answers: Answers): Exchange {
  const open = new Map<number, { resolve(answer: never): void; reject(error: Error): void }>();
  let asked = 0;

  async function answerTo({ id, question, args }: Extract<ExchangeMessage, { type: 'ask' }>): Promise<void> {
    if (answers[question] === undefined) {
      send({ type: 'refusal', id, code: null, message: `"${question}" is not answered here` });
      return;
    }
    try {
      const answer = answers[question] as (...given: Json[]) => Promise<Json>; // as `Questions` declares
      send({ type: 'answer', id, answer: await answer(...args) });
    } catch (error) {
      // The message of any other error may hold secrets that a driver was given.
      const refusal = error instanceof AppError ? error : null;
      const message = refusal?.message ?? `"${question}" could not be answered`;
      send({ type: 'refusal', id, code: refusal?.code ?? null, message });
    }
  }

  return {
    ask(question, ...args) {
      if (open.size >= MAX_OPEN) return Promise.reject(new Error(`"${question}": too many open questions`));
      asked += 1;
      const id = asked;
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          open.delete(id);
          reject(new Error(`"${question}" was not answered within ${ANSWER_TIMEOUT / 1000} seconds`));
        }, ANSWER_TIMEOUT);
        timer.unref();
        open.set(id, {
          resolve(answer) {
            clearTimeout(timer);
            resolve(answer);
          },
          reject(error) {
            clearTimeout(timer);
            reject(error);
          },
        });
        send({ type: 'ask', id, question, args });
      });
    },

    take(message) {
      if (message.type === 'ask') {
        void answerTo(message);
        return;
      }
      const waiting = open.get(message.id);
      open.delete(message.id);
      if (message.type === 'answer') waiting?.resolve(message.answer as never);
      else
        waiting?.reject(
          message.code === null ? new Error(message.message) : new AppError(message.code, message.message),
        );
    },
  };
}
