import { z } from 'zod';
import type { Issue } from './issue.ts';
import type { JsonObject } from './json.ts';
import { JsonValueSchema } from './json-value.ts';
import { MailSenderSchema } from './mail.ts';
import { parseEndpoint } from './networks.ts';
import { convertIssues } from './zod-issues.ts';

// Connections: the address of the system that the actions of a pack call, and the credentials for it.

const Url = z.url({ protocol: /^https?$/ });
const Secret = z.string().min(1).max(10_000);
const Defaults = z
  .record(z.string(), z.record(z.string(), JsonValueSchema))
  .optional()
  .describe('Default input by action, used for fields that a task does not set.');

const SSL_MODES = ['disable', 'prefer', 'require', 'verify-ca', 'verify-full'];

/** Returns whether all parameters in the URL of a database are known and take effect. */
function hasKnownParameters(url: string): boolean {
  const query = url.split('?').slice(1).join('?').split('#')[0]!;
  return (
    query === '' ||
    query.split('&').every((pair) => {
      const [name, value = ''] = pair.split('=');
      return name === 'sslmode' && SSL_MODES.includes(value);
    })
  );
}

/** Returns whether a URL has a user and a password that can be decoded, or none. */
export function hasDecodableAccount(url: string): boolean {
  const [, account = ''] = /^[a-z]+:\/\/([^/?#]*)@/i.exec(url) ?? [];
  try {
    decodeURIComponent(account);
    return true;
  } catch {
    return false;
  }
}

/** Returns whether a URL names one server by its host, with a valid port, and an account that can be decoded. */
function hasServer(url: string): boolean {
  const [, host] = /^[a-z]+:\/\/(?:[^/?#]*@)?([^@/?#]*)/i.exec(url) ?? [];
  // An IPv6 address stands in brackets.
  if (host === undefined || /^[^[]*:.*:/.test(host)) return false;
  return parseEndpoint(host) !== null && hasDecodableAccount(url);
}

const SERVER_MESSAGE = 'must name one host, with a valid port, and with user and password URL-encoded';

/** Restricts a text to the URL of a mail server, without another parameter than `tls=off`. */
export const asMailUrl = (text: z.ZodString) =>
  text
    .regex(/^smtps?:\/\/[^?#]*(\?tls=off)?$/, {
      error: 'must be an smtp:// or smtps:// URL, without parameters other than tls=off',
      abort: true,
    })
    .refine(hasServer, SERVER_MESSAGE);

const settings = <T extends z.ZodRawShape>(shape: T) => z.strictObject({ ...shape, defaults: Defaults });

const aws = {
  settings: settings({
    region: z.string().regex(/^[a-z0-9-]{1,40}$/, 'must be a region, such as eu-central-1'),
    endpoint: Url.optional().describe('URL of a compatible service, if it is not AWS itself.'),
  }),
  secrets: z.strictObject({ access_key_id: Secret, secret_access_key: Secret, session_token: Secret.optional() }),
};

/** The settings and secrets of the connections of each pack; secrets are never returned. */
export const CONNECTIONS = {
  slack: {
    settings: settings({ api_url: Url.optional().describe("URL of Slack's Web API, if it is not at slack.com.") }),
    secrets: z.strictObject({
      bot_token: Secret,
      signing_secret: Secret.optional().describe(
        'The signing secret of the app; required to ask people, but not to post messages.',
      ),
    }),
  },
  teams: {
    settings: settings({
      app_id: z.guid().describe('Microsoft App ID of the Azure Bot, which is single-tenant.'),
      tenant_id: z.guid().describe('Microsoft Entra tenant of the people who are asked.'),
      login_url: Url.optional().describe('Defaults to https://login.microsoftonline.com.'),
      metadata_url: Url.optional().describe(
        "URL of the OpenID metadata of the Bot Framework, if it is not Microsoft's own.",
      ),
    }),
    secrets: z.strictObject({ client_secret: Secret }),
  },
  webhook: {
    settings: settings({}),
    secrets: z.strictObject({ secret: z.string().min(16).max(10_000) }),
  },
  jira: {
    settings: settings({ base_url: Url.describe('https://your-site.atlassian.net'), email: z.email() }),
    secrets: z.strictObject({ token: Secret }),
  },
  pagerduty: {
    settings: settings({ base_url: Url.optional().describe('Defaults to https://events.pagerduty.com.') }),
    secrets: z.strictObject({ routing_key: Secret }),
  },
  database: {
    settings: settings({}),
    secrets: z.strictObject({
      url: Secret.regex(/^postgres(ql)?:\/\//, { error: 'must be a postgres:// URL', abort: true })
        .refine(hasServer, SERVER_MESSAGE)
        .refine(
          hasKnownParameters,
          'must have no parameter other than sslmode: disable, prefer, require, verify-ca or verify-full',
        )
        .describe('A PostgreSQL URL, with password.'),
    }),
  },
  email: {
    settings: settings({ from: MailSenderSchema.describe('The default sender.') }),
    secrets: z.strictObject({ url: asMailUrl(Secret) }),
  },
  aws,
  s3: aws,
} as const;

/** A pack whose actions need a connection. */
export type ConnectedPack = keyof typeof CONNECTIONS;

/** The settings and secrets of a pack's connections. */
export type ConnectionOf<P extends ConnectedPack> = {
  settings: z.infer<(typeof CONNECTIONS)[P]['settings']>;
  secrets: z.infer<(typeof CONNECTIONS)[P]['secrets']>;
};

/**
 * A connection with its secrets, as an action gets it; `trusted`: it comes from the settings of the process, so that it may be in their
 * network.
 */
export interface FoundConnection {
  settings: JsonObject;
  secrets: JsonObject;
  trusted?: true;
}

/** The name of the connection when none is given. */
export const DEFAULT_CONNECTION = 'default';

/** Returns the pack of an action if its actions need a connection; null: they need none. */
export function connectedPack(ref: string): ConnectedPack | null {
  const [pack = ''] = ref.split('.');
  return Object.hasOwn(CONNECTIONS, pack) ? (pack as ConnectedPack) : null;
}

/** A connection that was checked, or what is wrong with it. */
export function checkConnection(
  pack: ConnectedPack,
  given: { settings: JsonObject; secrets: JsonObject },
): { settings: JsonObject; secrets: JsonObject } | { issues: Issue[] } {
  const issues: Issue[] = [];
  const checked = { settings: {}, secrets: {} } as { settings: JsonObject; secrets: JsonObject };
  for (const field of ['settings', 'secrets'] as const) {
    const schema = CONNECTIONS[pack][field];
    const parsed = schema.safeParse(given[field]);
    // A value that a schema of JSON accepts is JSON.
    if (parsed.success) checked[field] = parsed.data as JsonObject;
    else {
      const found = convertIssues(parsed.error, schema, given[field]);
      issues.push(...found.map((issue) => ({ ...issue, path: `/${field}${issue.path}` })));
    }
  }
  return issues.length === 0 ? checked : { issues };
}
