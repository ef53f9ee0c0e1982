import { expect, it } from 'vitest';
import { BODY_EXAMPLES } from '../../api/examples.ts';
import { createDocumentCheck } from './document-checks.ts';
import { createTestApp, unreached } from './test-app.ts';

interface Operation {
  operationId: string;
  summary: string;
  description: string;
  tags: string[];
  parameters?: { name: string; in: string; required?: boolean; schema: { type?: unknown } }[];
  requestBody?: { description?: string; content: Record<string, { schema: object; example?: unknown }> };
  responses: Record<string, { description: string; $ref?: string }>;
}

interface Document {
  openapi: string;
  servers: { url: string }[];
  tags: { name: string; description: string }[];
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, object> };
}

const read = async (publicUrl?: string) => {
  const app = createTestApp({}, { payloads: unreached('payloads'), publicUrl });
  const response = await app.request('/openapi.json');
  expect(response.headers.get('content-type')).toContain('application/json');
  return (await response.json()) as Document;
};
const document = await read();
const operations = Object.entries(document.paths).flatMap(([path, item]) =>
  Object.entries(item).map(([method, operation]) => ({ name: `${method.toUpperCase()} ${path}`, path, operation })),
);

/** Everything of some kind that is wrong with an operation: a list, so that a failure names all. */
const wrong = (what: (each: (typeof operations)[number]) => string[]) =>
  operations.flatMap((each) => what(each).map((text) => `${each.name}: ${text}`));

it('names a server, where people reach the API or where the document was read', async () => {
  expect(document.servers).toEqual([{ url: '/' }]);
  expect((await read('https://fermata.example.com')).servers).toEqual([{ url: 'https://fermata.example.com' }]);
});

it('has a summary and a description of every operation, an id of its own, and tags that are declared', () => {
  const tags = document.tags.map(({ name }) => name);
  const used = operations.map(({ operation: { operationId } }) => operationId);
  expect(used.length).toBeGreaterThan(100);
  expect(used.filter((id, index) => used.indexOf(id) !== index)).toEqual([]);
  expect(
    wrong(({ operation: { summary, description, tags: own } }) => [
      ...(/^[A-Z]/.test(summary) ? [] : ['its summary does not begin like a sentence']),
      ...(description?.length > 0 ? [] : ['has no description']),
      ...own.filter((tag) => !tags.includes(tag)),
    ]),
  ).toEqual([]);
  expect(tags.filter((tag) => !operations.some(({ operation }) => operation.tags.includes(tag)))).toEqual([]);
});

it('has only fields of OpenAPI', () => {
  const fields = new Set([
    ...['tags', 'summary', 'description', 'externalDocs', 'operationId', 'parameters', 'requestBody', 'responses'],
    ...['callbacks', 'deprecated', 'security', 'servers'],
  ]);
  expect(
    wrong(({ operation }) => Object.keys(operation).filter((field) => !fields.has(field) && !field.startsWith('x-'))),
  ).toEqual([]);
});

it('requires each parameter of a path, once, with one type', () => {
  expect(
    wrong(({ path, operation: { parameters = [] } }) => {
      const given = parameters.filter((each) => each.in === 'path');
      const named = [...path.matchAll(/\{([^}]+)\}/g)].map(([, name]) => name);
      return [
        ...(JSON.stringify(given.map(({ name }) => name).sort()) === JSON.stringify(named.sort())
          ? []
          : ['parameters']),
        ...given.filter(({ required }) => required !== true).map(({ name }) => `${name} is not required`),
        ...parameters.filter(({ schema }) => Array.isArray(schema.type)).map(({ name }) => `${name} has several types`),
      ];
    }),
  ).toEqual([]);
});

it('refers to nothing that is not there, and describes every answer', () => {
  const references = JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g);
  const missing = [...references]
    .map(([, path]) => path!)
    .filter((path) => path.split('/').reduce<unknown>((at, key) => (at as never)?.[key], document) === undefined);
  expect(missing).toEqual([]);
  expect(
    wrong(({ operation: { responses } }) => [
      // A WebSocket has no other answer than the change of the protocol.
      ...(Object.keys(responses).some((status) => /^(2|101)/.test(status)) ? [] : ['has no answer that is no error']),
      ...Object.entries(responses).flatMap(([status, { description = '', $ref }]) =>
        description === '' && $ref === undefined ? [status] : [],
      ),
    ]),
  ).toEqual([]);
});

it('has an example of every body, that the schema of the body takes', () => {
  const bodies = operations.filter(({ operation }) => operation.requestBody !== undefined);
  expect(bodies.map(({ name }) => name).sort()).toEqual(Object.keys(BODY_EXAMPLES).sort());
  const contents = new Map(bodies.map(({ name, operation }) => [name, operation.requestBody!.content]));
  const schemas = [...contents].map(([name, content]) => [name, content['application/json']!.schema] as const);
  const check = createDocumentCheck(document.components.schemas, Object.fromEntries(schemas));
  for (const [name, content] of contents) {
    expect(Object.keys(content), name).toEqual(['application/json']);
    const { example } = content['application/json']!;
    expect(example, name).toBeDefined();
    expect(check(name, example), name).toEqual([]);
  }
});

it('names the other types of a body in words', () => {
  const { requestBody } = document.paths['/api/v1/packs/import']!.post!;
  expect(requestBody!.description).toContain('Also accepted as `application/yaml` or `application/zip`.');
});
