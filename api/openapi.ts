import type { OpenAPIHono } from '@hono/zod-openapi';
import { VERSION } from '../model/product.ts';
import { BODY_EXAMPLES } from './examples.ts';
import type { ApiEnv } from './http/environment.ts';

const METHODS = ['get', 'post', 'put', 'delete'] as const;

/** Descriptions of the tags, in the order of the documentation. */
const TAGS: Record<string, string> = {
  executions: 'The Executions API: starting, reading and controlling runs of workflows and actions.',
  inquiries: 'Questions that executions ask people, and the decisions made.',
  workflows: 'Workflow definitions and their revisions.',
  packs: 'Named sets of actions and workflows.',
  rules: 'Rules, which start workflows when events happen, and triggers, the declared types of events.',
  actions: 'The actions that tasks run: built in, or implemented by your own workers.',
  schedules: 'Executions that are started at set times.',
  events: 'What has happened outside, and what was started for it.',
  connections: 'Credentials and settings with which actions reach other systems, and secrets.',
  webhooks: 'URLs to which other systems send events, each with its own way to verify them.',
  principals: 'Who may call the API: tenants, keys, roles, and the audit log.',
  automation: 'The Automation API: executions, each with the rule that it belongs to.',
  'execution management': 'The Management API: the executions of the caller, with Temporal’s status names.',
  codec: 'The codec server for Temporal’s UI: decrypts and encrypts payloads.',
  system: 'Health, the execution index, and the keys of this installation.',
};

const LONG_HEADERS = 'TooLongHeaders';

/**
 * Returns the API as OpenAPI 3.1, derived from the schemas of its routes. Every operation has an id, and every body an
 * example. `publicUrl` is the URL at which people reach the API; undefined means the one from which the document is
 * read.
 */
export function describeApi(app: OpenAPIHono<ApiEnv>, publicUrl: string | undefined) {
  const document = app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: {
      title: 'Fermata',
      version: VERSION,
      description: 'Workflow definitions as data, run by Temporal. Errors have a stable `code`.',
    },
    servers: [{ url: publicUrl ?? '/' }],
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
    security: [{ bearer: [] }, { key: [] }],
  });
  for (const [path, item] of Object.entries(document.paths ?? {})) {
    for (const method of METHODS) {
      const operation = item[method];
      if (operation === undefined) continue;
      operation.operationId = operationId(method, path);
      operation.responses = { ...operation.responses, 431: { $ref: `#/components/responses/${LONG_HEADERS}` } };
      if (operation.requestBody !== undefined) {
        operation.requestBody = describeBody(
          operation.requestBody as Body,
          BODY_EXAMPLES[`${method.toUpperCase()} ${path}`],
        );
      }
    }
  }
  return {
    ...document,
    info: { ...document.info, license: { name: 'Apache 2.0', identifier: 'Apache-2.0' } },
    components: {
      ...document.components,
      responses: {
        [LONG_HEADERS]: {
          description: 'The headers or the URL of the request exceed 16 KiB. The response has no body.',
        },
      },
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer' },
        key: { type: 'apiKey', in: 'header', name: 'x-api-key' },
        session: { type: 'apiKey', in: 'cookie', name: 'fermata_session' },
      },
    },
  };
}

type Document = ReturnType<OpenAPIHono<ApiEnv>['getOpenAPI31Document']>;
type Operation = NonNullable<NonNullable<Document['paths']>[string]['get']>;
type Body = Exclude<Operation['requestBody'], undefined | { $ref: string }>;

/**
 * Describes a body as JSON with an example. Other media types of the same value are only named, since generated clients
 * send JSON.
 */
function describeBody({ content, description, ...rest }: Body, example: unknown): Body {
  const { 'application/json': first, ...others } = content;
  const types = Object.keys(others).map((type) => `\`${type}\``);
  const also = types.length === 0 ? [] : [`Also accepted as ${types.join(' or ')}.`];
  const text = [...(description === undefined ? [] : [description]), ...also].join(' ');
  return {
    ...rest,
    ...(text === '' ? {} : { description: text }),
    content: { 'application/json': { ...first!, ...(example === undefined ? {} : { example }) } },
  };
}

/**
 * Returns an operation id such as `getExecutionsIdLogs` for GET /api/v1/executions/{id}/logs; ids of paths at the root
 * begin with `root`.
 */
function operationId(method: string, path: string): string {
  const versioned = path.startsWith('/api/v1/');
  const words = path.replace('/api/v1/', '').split(/[^A-Za-z0-9]+/);
  const name = words.filter((word) => word !== '').map((word) => word[0]!.toUpperCase() + word.slice(1));
  return `${versioned ? '' : 'root'}${versioned ? method : method[0]!.toUpperCase() + method.slice(1)}${name.join('')}`;
}
