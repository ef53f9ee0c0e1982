import type { IncomingMessage } from 'node:http';
import type { Env } from 'hono';
import type { AppError } from '../../model/app-error.ts';
import type { Issue } from '../../model/issue.ts';
import type { JobPool } from '../../model/job-pool.ts';
import type { Json } from '../../model/json.ts';
import type { Permission } from '../../model/permissions.ts';
import type { Principal } from '../../model/principal.ts';
import type { BrowserSession } from '../../service/access/sessions.ts';
import type { BodyType, ParseJobs } from './body-parser.ts';

/** Builds the body of an error, for APIs that do not use the form of the Executions API. */
export type ErrorForm = (error: AppError, requestId: string) => Record<string, unknown>;

/** Called for every request when its response begins. */
export type RequestObserver = (request: { method: string; route: string; status: number; seconds: number }) => void;

/** The context of every route. */
export interface ApiEnv extends Env {
  /** The request of the Node server, if there is one. */
  Bindings: { incoming?: IncomingMessage };
  Variables: {
    principal: Principal;
    /** The session whose cookie the request carries; absent: it has its credentials in a header, or needs none. */
    session?: BrowserSession;
    /** Tries the credentials in the body of a sign-in within the limits of the address. Throws `rate_limited`, and what the attempt throws. */
    signIn: <T>(credentials: string, open: () => Promise<T>) => Promise<T>;
    /** Reports whether the credentials of the request are still valid and grant the permission of the route. */
    holds: () => Promise<boolean>;
    requestId: string;
    /** The pool in which large bodies are parsed. */
    pool: JobPool<ParseJobs>;
    permission?: Permission;
    /** The path of the route that answers, with `:name` for each parameter; absent before one was found. */
    route?: string;
    errorForm?: ErrorForm;
    /** Whether the service has already written to the audit log. */
    audited?: boolean;
    /** The path of what was made, for the audit log, where the response has no `Location`. */
    made?: string;
    /** Whether the body was read completely. */
    bodyRead?: boolean;
    /** The parsed body. */
    body?: Json;
    /** The type of the document, as it was sent. */
    bodyType?: BodyType;
    /** Warnings about how the document is written, for answers that list warnings. */
    bodyWarnings?: Issue[];
  };
}

/** The state of the worker process that the API process supervises. */
export type WorkerState = 'ok' | 'restarting';
