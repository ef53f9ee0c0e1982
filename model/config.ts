import { z } from 'zod';
import { asMailUrl, hasDecodableAccount } from './connection.ts';
import { didYouMean } from './issue.ts';
import { MailSenderSchema } from './mail.ts';
import { parseAllowed, parseEndpoints, parseNat64, parseNetworks, parseProxyExceptions } from './networks.ts';

/** Seconds for which a person's last token is remembered by default: 30 days. */
export const PERSON_MEMORY = 2_592_000;

/** Seconds for which a browser stays signed in by default: without requests, and in any case. */
export const SESSION_IDLE = 1_800;
export const SESSION_MAX = 43_200;

/** How many events and enforcements of a tenant may wait by default, and days for which events are kept. */
export const EVENT_BACKLOG = 20_000;
export const EVENT_RETENTION = 30;

const port = (fallback: number) => wholeNumber(0, 65_535).default(fallback);

/** Creates a setting that is a whole number; its message about another value does not repeat the value. */
function wholeNumber(min: number, max: number) {
  const error = `must be a whole number from ${min} to ${max}`;
  return z.coerce.number({ error }).int({ error }).min(min, { error }).max(max, { error });
}

/** Creates a setting that is a list separated by commas; `parse` returns null for an invalid one. */
const list = <T>(parse: (text: string) => T | null, message: string) =>
  z
    .string()
    .transform((text, context) => {
      const entries = parse(text);
      if (entries !== null) return entries;
      context.addIssue({ code: 'custom', message });
      return z.NEVER;
    })
    .optional();

/** An origin as browsers send it: in lower case, without a path and without the default port. */
const ORIGIN = /^(http:(?!.*:80$)|https:(?!.*:443$))\/\/(\[[\da-f:.]+\]|[a-z\d._-]+)(:\d{1,5})?$/;

/** A setting that is a list of origins separated by commas. */
const origins = (example: string) =>
  z
    .string()
    .refine(
      (text) => text.split(',').every((each) => ORIGIN.test(each)),
      `must be origins as browsers send them, separated by commas, as in "${example}"`,
    );

/** Every setting, from the environment; docs/settings.md has the same descriptions. */
export const ConfigSchema = z.object({
  FERMATA_HOST: z.string().min(1).default('127.0.0.1').describe('Address on which the API listens.'),
  FERMATA_PORT: port(8080).describe('Port of the API; 0 picks a free one.'),
  FERMATA_DATA_DIR: z
    .string()
    .min(1)
    .default('.fermata')
    .describe('Folder of the embedded Temporal server and database.'),
  FERMATA_TEMPORAL_PORT: port(7233).describe('Port of the embedded Temporal server; 0 picks a free one.'),
  FERMATA_TEMPORAL_UI_PORT: port(8233).describe("Port of the embedded server's UI; 0 picks a free one."),
  FERMATA_DEV_KEY: z
    .string()
    .min(16)
    .optional()
    .describe('API key of the principal `dev` (admin); created at the first start.'),
  FERMATA_DEV_APPROVER_KEY: z
    .string()
    .min(16)
    .optional()
    .describe('API key of the principal `approver` (operator); created at the first start.'),
  FERMATA_JWT_JWKS_URL: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe('Keys of whoever issues tokens: bearer tokens that they signed are accepted in addition to API keys.'),
  FERMATA_JWT_SECRET: z
    .string()
    .min(32)
    .optional()
    .describe('A secret shared with the token issuer (HS256), instead of its keys.'),
  FERMATA_JWT_ISSUER: z.string().min(1).optional().describe('The required `iss` of tokens.'),
  FERMATA_JWT_AUDIENCE: z.string().min(1).optional().describe('The required `aud` of tokens.'),
  FERMATA_JWT_TENANT: z
    .enum(['required', 'optional'])
    .optional()
    .describe(
      'Whether tokens must have a `tenant`: `required` or `optional`. Defaults to `required` once there is a second tenant.',
    ),
  FERMATA_AGENT_CLIENTS: z
    .string()
    .min(1)
    .optional()
    .describe(
      'OAuth clients, separated by commas, whose tokens (`azp`, `client_id`) belong to agents, which cannot decide inquiries.',
    ),
  FERMATA_PERSON_MEMORY: wholeNumber(0, 315_360_000)
    .default(PERSON_MEMORY)
    .describe(
      'Seconds for which the permissions in the last token of a person apply in chat and behind links, if the person has no key.',
    ),
  FERMATA_SESSION_IDLE: wholeNumber(120, 2_592_000)
    .default(SESSION_IDLE)
    .describe('Seconds after which a browser that sends no requests is signed out.'),
  FERMATA_SESSION_MAX: wholeNumber(120, 2_592_000)
    .default(SESSION_MAX)
    .describe('Seconds after which a browser is signed out in any case; its key or token may end before.'),
  FERMATA_SECRET_KEY: z
    .string()
    .regex(/^[^,]{32,}(,[^,]{32,})*$/, 'must be 32 characters or more; several are separated by commas')
    .optional()
    .describe(
      'Master key of secrets and tokens; several are separated by commas: the first encrypts, all decrypt. Created at the first start by `npm start`.',
    ),
  FERMATA_PAYLOAD_KEY: z
    .string()
    .regex(/^[^,]{32,}(,[^,]{32,})*$/, 'must be 32 characters or more; several are separated by commas')
    .optional()
    .describe(
      'Key of the payloads that Temporal stores; several are separated by commas: the first encrypts, all decrypt. Without it payloads are stored unencrypted.',
    ),
  FERMATA_CODEC_ORIGINS: origins('https://temporal.example.com')
    .optional()
    .describe(
      "Origins of Temporal's UI, separated by commas, that may use `/codec` to decrypt payloads; `npm start` adds its own.",
    ),
  FERMATA_CONSOLE: z
    .enum(['on', 'off'])
    .default('on')
    .describe('Whether the API serves the console under `/console`: `on` or `off`.'),
  FERMATA_CORS_ORIGINS: origins('https://portal.example.com')
    .optional()
    .describe(
      'Origins, separated by commas, that may call the API from a browser, with a key or token in a header: `https://portal.example.com`. Without it none may.',
    ),
  FERMATA_PUBLIC_URL: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe(
      'The URL at which people and other systems reach the API; links in messages and the URLs of webhooks begin with it.',
    ),
  FERMATA_SLACK_BOT_TOKEN: z
    .string()
    .min(1)
    .optional()
    .describe(
      'Bot token of the Slack app that asks people of the tenant `default`, if it has no connection `slack/default`.',
    ),
  FERMATA_SLACK_SIGNING_SECRET: z
    .string()
    .min(1)
    .optional()
    .describe('Signing secret of the Slack app; without it nothing from Slack is accepted.'),
  FERMATA_SLACK_API_URL: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe("URL of Slack's Web API, if it is not at slack.com."),
  FERMATA_SMTP_URL: asMailUrl(z.string())
    .optional()
    .describe(
      'Mail server with which people of the tenant `default` are asked, if it has no connection `email/default`: `smtp://user:password@host:port`. Uses TLS, unless it ends in `?tls=off`, or has no user and is on this machine.',
    ),
  FERMATA_SMTP_FROM: MailSenderSchema.optional().describe('Sender of that mail.'),
  FERMATA_WEBHOOK_SECRET: z
    .string()
    .min(16)
    .optional()
    .describe(
      'Secret with which notices to webhooks of the tenant `default` are signed, if it has no connection `webhook/default`.',
    ),
  FERMATA_SIGNING_KEY_FILE: z
    .string()
    .min(1)
    .optional()
    .describe(
      'File with the Ed25519 key (PKCS 8, PEM) that signs decisions and controls; several are separated by commas: the first one that a run trusts signs for it. Without it the API creates a key and stores it encrypted in the database.',
    ),
  FERMATA_EGRESS: list(parseNetworks, 'must be networks, `private` or `loopback`, separated by commas').describe(
    'Networks that Fermata must not reach (actions, chat, mail, webhooks, token keys), separated by commas: `10.0.0.0/8`, `private`, `loopback`. Takes precedence over `FERMATA_EGRESS_ALLOW`.',
  ),
  FERMATA_EGRESS_ALLOW: list(
    parseAllowed,
    'must be networks, addresses, `host:port`, `private` or `loopback`, separated by commas',
  ).describe(
    'Addresses of this machine and of private networks that actions and notices may reach, separated by commas: `10.1.0.0/16`, `erp.internal:443`, `private`, `loopback`. By default `npm start` allows `private` and `loopback`, and production processes allow none.',
  ),
  FERMATA_EGRESS_PROXY: z
    .url({ protocol: /^https?$/, error: 'must be an http:// or https:// URL' })
    .refine(hasDecodableAccount, 'must have user and password URL-encoded')
    .optional()
    .describe(
      'Proxy for HTTP requests of actions and notices: `http://user:password@host:port`. Destinations that may not be reached are not requested from it; token keys are read without it.',
    ),
  FERMATA_EGRESS_NO_PROXY: list(
    parseProxyExceptions,
    'must be hosts, `.domain`, `host:port`, networks or `*`, separated by commas',
  ).describe(
    'Destinations that are reached without the proxy, separated by commas: `erp.internal`, `.example.com`, `10.0.0.0/8`.',
  ),
  FERMATA_INFRASTRUCTURE: list(parseEndpoints, 'must be `host` or `host:port`, separated by commas').describe(
    'Infrastructure that actions must never reach, separated by commas, as `host:port`, or `host` for all ports. Temporal and the database are always included; add other parts, such as the UI of Temporal.',
  ),
  FERMATA_NAT64_PREFIX: list(
    parseNat64,
    'must be IPv6 networks of 32, 40, 48, 56, 64 or 96 bits, separated by commas',
  ).describe(
    'NAT64 prefixes of this network, separated by commas, if they are not `64:ff9b::/96`: rules apply to the IPv4 address behind them.',
  ),
  FERMATA_METRICS_PORT: wholeNumber(0, 65_535)
    .optional()
    .describe(
      'Port, on `FERMATA_HOST`, of `/metrics` (Prometheus) and `/healthz` of a process; unless it is set, there is no such port.',
    ),
  FERMATA_CONCURRENT_ACTIONS: wholeNumber(1, 10_000)
    .default(100)
    .describe('How many actions a worker runs at once; tenants share these permits.'),
  FERMATA_WORKFLOW_TASK_LIMIT: wholeNumber(5, 3_600)
    .default(30)
    .describe(
      'Seconds that one workflow task may take before the worker process is killed; the second time, the run that caused it ends.',
    ),
  FERMATA_RATE_LIMIT: wholeNumber(0, 1_000_000_000)
    .default(6000)
    .describe(
      'Requests per minute that a principal may send to one API process; 0 disables all rate limits, including those by address.',
    ),
  FERMATA_EVENT_BACKLOG: wholeNumber(1, 10_000_000)
    .default(EVENT_BACKLOG)
    .describe(
      'How many events and enforcements of a tenant may wait to be planned and started before further events are refused.',
    ),
  FERMATA_EVENT_RETENTION: wholeNumber(8, 3_650)
    .default(EVENT_RETENTION)
    .describe('Days for which events are kept, 8 to 3,650; those whose executions are still known stay longer.'),
  FERMATA_HOOK_RATE: wholeNumber(0, 1_000_000)
    .default(1_000)
    .describe('Requests per second that one webhook may receive at one API process; 0 disables the limit.'),
  FERMATA_URL: z.string().optional().describe('Command line: URL of the API, unless `--url` is given.'),
  FERMATA_API_KEY: z.string().optional().describe('Command line: the API key, unless `--key` is given.'),
  FERMATA_LOG_LEVEL: z
    .enum(['debug', 'info', 'warn', 'error', 'silent'])
    .default('info')
    .describe('Lowest level that is logged.'),
  FERMATA_TEMPORAL_UI_URL: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe("Address of Temporal's UI, for links to runs; `npm start` sets it."),
  TEMPORAL_ADDRESS: z
    .string()
    .min(1)
    .optional()
    .describe('Temporal server to use; without it `npm start` runs an embedded one.'),
  TEMPORAL_NAMESPACE: z.string().min(1).default('default').describe('Namespace on the Temporal server.'),
  TEMPORAL_CLI_PATH: z
    .string()
    .optional()
    .describe('The program of the embedded Temporal server; by default it is looked up.'),
  DATABASE_URL: z
    .string()
    .regex(/^postgres(ql)?:\/\//, 'must be a postgres:// URL')
    .optional()
    .describe('Postgres 13 or later; without it an embedded PGlite is used.'),
});

/** The settings of a process. */
export type Config = z.infer<typeof ConfigSchema>;

/** The error of invalid settings; the message names each one. */
export class ConfigError extends Error {}

/** Reads the settings. Throws a ConfigError that names every invalid one; returns warnings about unknown `FERMATA_…` names. */
export function readConfig(env: Record<string, string | undefined>): { config: Config; warnings: string[] } {
  const set = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''));
  const parsed = ConfigSchema.safeParse(set);
  if (!parsed.success) {
    const lines = parsed.error.issues.map(({ path, message }) => `  ${path.join('.')}: ${message}`);
    throw new ConfigError(`invalid settings:\n${lines.join('\n')}`);
  }
  const known = Object.keys(ConfigSchema.shape);
  const warnings = Object.keys(set)
    .filter((name) => name.startsWith('FERMATA_') && !known.includes(name))
    .map((name) => `${name} is not a setting of Fermata.${didYouMean(name, known)}`);
  return { config: parsed.data, warnings };
}

/** Returns the settings that a process requires. Throws a ConfigError that names each missing one. */
export function required<Name extends keyof Config>(
  config: Config,
  who: string,
  names: readonly Name[],
): { [Each in Name]: NonNullable<Config[Each]> } {
  const missing = names.filter((name) => config[name] === undefined);
  if (missing.length > 0)
    throw new ConfigError(`${who} requires ${missing.join(', ')}; only npm start has defaults for them`);
  return config as { [Each in Name]: NonNullable<Config[Each]> }; // none is missing
}
