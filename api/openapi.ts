import type { OpenAPIHono } from '@hono/zod-openapi';
import { VERSION } from '../model/product.ts';
import type { ApiEnv } from './http/environment.ts';
import { BODY_EXAMPLES } from './http/examples.ts';

const METHODS = ['get', 'post', 'put', 'delete'] as const;

/** What each tag of an operation stands for, in the order of the documentation. */
const TAGS: Record<string, string> = {
  executions: 'The Executions API: starting, reading and controlling runs of workflows and actions.',
  inquiries: 'Questions that runs put to people, and the decisions about them.',
  workflows: 'Workflow definitions and their revisions.',
  packs: 'Named sets of actions and workflows.',
  actions: 'What tasks run: built in, or done by workers of your own.',
  schedules: 'Runs that are started by the clock.',
  connections: 'Where actions find other systems, and the secrets that they need there.',
  principals: 'Who may call the API: tenants, keys, roles, and the audit log.',
  automation: 'The Automation API: executions as the actions of a rule.',
  'execution management': 'The Management API: the executions of the caller, with Temporal’s names.',
  codec: 'Opening and sealing payloads for Temporal’s UI.',
  system: 'Health, the execution index, and the keys of the installation.',
};

const LONG_HEADERS = 'TooLongHeaders';

/**
 * Returns the whole API as OpenAPI 3.1, made from the schemas of its routes. Every operation has an id, and every body an example.
 * `publicUrl` is where people reach the API; undefined: where the document was read.
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
          description: 'The headers, or the address of the request, have more than 16 KiB. There is no body.',
        },
      },
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer' },
        key: { type: 'apiKey', in: 'header', name: 'x-api-key' },
      },
    },
  };
}

type Document = ReturnType<OpenAPIHono<ApiEnv>['getOpenAPI31Document']>;
type Operation = NonNullable<NonNullable<Document['paths']>[string]['get']>;
type Body = Exclude<Operation['requestBody'], undefined | { $ref: string }>;

/** Describes a body as JSON, with an example. Other media types of the same value are named, since generated clients send only JSON. */
function describeBody({ content, description, ...rest }: Body, example: unknown): Body {
  const { 'application/json': first, ...others } = content;
  const types = Object.keys(others).map((type) => `\`${type}\``);
  const also = types.length === 0 ? [] : [`Also taken as ${types.join(' or ')}.`];
  const text = [...(description === undefined ? [] : [description]), ...also].join(' ');
  return {
    ...rest,
    ...(text === '' ? {} : { description: text }),
    content: { 'application/json': { ...first!, ...(example === undefined ? {} : { example }) } },
  };
}

/** Returns `getExecutionsIdLogs` for GET /api/v1/executions/{id}/logs; the id of a path at the root begins with `root`. */
function operationId(method: string, path: string): string {
  const versioned = path.startsWith('/api/v1/');
  const words = path.replace('/api/v1/', '').split(/[^A-Za-z0-9]+/);
  const name = words.filter((word) => word !== '').map((word) => word[0]!.toUpperCase() + word.slice(1));
  return `${versioned ? '' : 'root'}${versioned ? method : method[0]!.toUpperCase() + method.slice(1)}${name.join('')}`;
}
