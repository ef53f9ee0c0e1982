import type { OpenAPIHono } from '@hono/zod-openapi';
import { VERSION } from '../model/product.ts';
import type { ApiEnv } from './environment.ts';

const METHODS = ['get', 'post', 'put', 'delete'] as const;

/** The whole API as OpenAPI 3.1, made from the schemas of its routes; every operation has an id for generated clients. */
export function describeApi(app: OpenAPIHono<ApiEnv>) {
  const document = app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: {
      title: 'Fermata',
      version: VERSION,
      description: 'Workflow definitions as data, run by Temporal. Errors have a stable `code`.',
    },
    security: [{ bearer: [] }, { key: [] }],
  });
  for (const [path, item] of Object.entries(document.paths ?? {})) {
    for (const method of METHODS) if (item[method]) item[method].operationId = operationId(method, path);
  }
  return {
    ...document,
    components: {
      ...document.components,
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer' },
        key: { type: 'apiKey', in: 'header', name: 'x-api-key' },
      },
    },
  };
}

/** `getExecutionsIdLogs` of GET /api/v1/executions/{id}/logs; what stands at the root begins with that word. */
function operationId(method: string, path: string): string {
  const versioned = path.startsWith('/api/v1/');
  const words = path.replace('/api/v1/', '').split(/[^A-Za-z0-9]+/);
  const name = words.filter((word) => word !== '').map((word) => word[0]!.toUpperCase() + word.slice(1));
  return `${versioned ? '' : 'root'}${versioned ? method : method[0]!.toUpperCase() + method.slice(1)}${name.join('')}`;
}
