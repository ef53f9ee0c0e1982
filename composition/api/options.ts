import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Connection } from '@temporalio/client';
import { type ConsoleFiles, readConsole } from '../../api/console.ts';
import type { WorkerState } from '../../api/http/environment.ts';
import type { Config } from '../../model/config.ts';
import type { Logger } from '../../model/log.ts';
import type { EgressRules } from '../../model/networks.ts';
import type { TokenSettings } from '../../service/access/tokens.ts';
import type { OpenDatabase } from '../../store/database.ts';
import type { Codec } from '../../temporal/codec/codec.ts';
import { createConfiguredCodec } from '../codec.ts';
import type { Metrics } from '../metrics.ts';
import { type ChatSettings, readChatSettings } from './channel-settings.ts';

/** Returns the options about access that the settings contain. Throws when a file that they name cannot be read. */
export function readAccessOptions(
  config: Config,
): Pick<
  ApiOptions,
  | 'tokens'
  | 'tenantClaim'
  | 'personMemory'
  | 'rateLimit'
  | 'hookRate'
  | 'eventLimits'
  | 'publicUrl'
  | 'chat'
  | 'codec'
  | 'codecOrigins'
  | 'corsOrigins'
  | 'signingPems'
  | 'sessions'
  | 'temporalUi'
> {
  const { FERMATA_JWT_JWKS_URL, FERMATA_JWT_SECRET, FERMATA_JWT_ISSUER, FERMATA_JWT_AUDIENCE } = config;
  const { FERMATA_SIGNING_KEY_FILE: files } = config;
  return {
    rateLimit: config.FERMATA_RATE_LIMIT,
    hookRate: config.FERMATA_HOOK_RATE,
    eventLimits: { backlog: config.FERMATA_EVENT_BACKLOG, days: config.FERMATA_EVENT_RETENTION },
    personMemory: config.FERMATA_PERSON_MEMORY,
    tenantClaim: config.FERMATA_JWT_TENANT,
    publicUrl: config.FERMATA_PUBLIC_URL?.replace(/\/+$/, ''),
    chat: readChatSettings(config),
    codec: createConfiguredCodec(config),
    sessions: { idle: config.FERMATA_SESSION_IDLE, longest: config.FERMATA_SESSION_MAX },
    temporalUi: config.FERMATA_TEMPORAL_UI_URL,
    signingPems: files?.split(',').map((file) => readFileSync(file, 'utf8')) ?? [],
    codecOrigins: config.FERMATA_CODEC_ORIGINS?.split(',') ?? [],
    corsOrigins: config.FERMATA_CORS_ORIGINS?.split(',') ?? [],
    tokens: {
      jwksUrl: FERMATA_JWT_JWKS_URL,
      secret: FERMATA_JWT_SECRET,
      issuer: FERMATA_JWT_ISSUER,
      audience: FERMATA_JWT_AUDIENCE,
      agentClients: config.FERMATA_AGENT_CLIENTS?.split(',') ?? [],
    },
  };
}

/** Returns the console that the build has left next to the modules; null where the settings leave it out. Throws if it is not there. */
export function readBuiltConsole({ FERMATA_CONSOLE: wanted }: Config): ConsoleFiles | null {
  return wanted === 'off' ? null : readConsole(join(import.meta.dirname, '../../console'));
}

/** The options of the API. */
export interface ApiOptions {
  connection: Connection;
  namespace: string;
  database: OpenDatabase;
  host: string;
  port: number;
  log: Logger;
  tokens?: TokenSettings;
  /** Whether tokens must name their tenant; absent: as soon as there is a second tenant. */
  tenantClaim?: 'required' | 'optional' | undefined;
  /** Seconds for which the grants of a person's last token are remembered. */
  personMemory?: number;
  /** Requests per minute that a principal may make; absent: no limit. */
  rateLimit?: number;
  /** Requests per second that one webhook may receive; absent: no limit. */
  hookRate?: number;
  /** How many events and enforcements of a tenant may wait, and days for which events are kept. */
  eventLimits?: { backlog: number; days: number };
  /** Seconds after which browsers are signed out: without requests, and in any case. */
  sessions?: { idle: number; longest: number };
  /** The address of Temporal's UI, if known. */
  temporalUi?: string | undefined;
  /** The master keys: the first one encrypts, all of them decrypt. */
  secretKeys: readonly string[];
  /** The keys that sign statements (PKCS 8, PEM), newest first, if the database does not hold them. */
  signingPems?: readonly string[];
  /** The URL at which people reach the API; absent: the address on which it listens. */
  publicUrl?: string | undefined;
  /** The channels through which people are asked. */
  chat?: ChatSettings;
  /** The addresses that notices may reach; by default, no address of this machine or of a private network. */
  egress?: Partial<EgressRules>;
  /** Encrypts payloads for Temporal; and the origins of its UI that may have them decrypted. */
  codec?: Codec | undefined;
  codecOrigins?: readonly string[];
  /** Origins of pages that may call the API from a browser. */
  corsOrigins?: readonly string[];
  /** The pages for browsers; absent: they are not served. */
  console?: ConsoleFiles | null;
  metrics?: Metrics | null;
  /** Returns the state of the worker that this process supervises; absent: it supervises none. */
  workerState?: (() => WorkerState) | undefined;
}
