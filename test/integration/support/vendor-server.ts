import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Json, JsonObject } from '../../../model/json.ts';

/** A request to the system of a vendor. */
export interface Asked {
  path: string;
  /** The operation that is asked of AWS. */
  target: string;
  authorization: string | undefined;
  body: JsonObject;
}

interface Planned {
  status: number;
  body?: Json;
  headers?: Record<string, string>;
}

/** Slack, Jira, PagerDuty and CodeDeploy as their documents describe what Fermata asks them. */
export interface VendorServer {
  url: string;
  asked: Asked[];
  /** How the deployments that were begun stand, by id. */
  deployments: Map<string, { description: string; status: string }>;
  /** Plans the answers to the next requests; null: as the vendor would answer. */
  answer(...answers: (Planned | null)[]): void;
  close(): Promise<void>;
}

/** Starts it; every token and key that is not one of these is refused as the vendor does it. */
export async function startVendors(known: { slack: string; jira: string; pagerduty: string }): Promise<VendorServer> {
  const asked: Asked[] = [];
  const planned: (Planned | null)[] = [];
  let issues = 0;
  const deployments: VendorServer['deployments'] = new Map();

  /** https://docs.slack.dev/reference/methods/chat.postMessage: 200 whatever happens; `ok` shows the outcome. */
  function slack({ authorization, body }: Asked): [number, Json] {
    if (authorization !== `Bearer ${known.slack}`) return [200, { ok: false, error: 'invalid_auth' }];
    if (body.channel === '#nowhere') return [200, { ok: false, error: 'channel_not_found' }];
    if (!body.text && !body.blocks) return [200, { ok: false, error: 'no_text' }];
    return [200, { ok: true, channel: 'C123', ts: `1700000000.${String(asked.length).padStart(6, '0')}` }];
  }

  /** https://developer.atlassian.com/cloud/jira/platform/rest/v3: 201 with id, key and self, 400 with errors. */
  function jira({ authorization, body }: Asked): [number, Json] {
    const wanted = `Basic ${Buffer.from(`bot@example.com:${known.jira}`).toString('base64')}`;
    if (authorization !== wanted) return [401, { errorMessages: ['You are not authenticated.'], errors: {} }];
    const fields = body.fields as JsonObject;
    if ((fields.project as JsonObject).key === 'NONE') {
      return [400, { errorMessages: [], errors: { project: 'valid project is required' } }];
    }
    issues += 1;
    const key = `${(fields.project as JsonObject).key}-${issues}`;
    return [201, { id: String(10_000 + issues), key, self: `https://x/rest/api/3/issue/${10_000 + issues}` }];
  }

  /** https://developer.pagerduty.com/docs/send-alert-event: 202 with the dedup_key. */
  function pagerduty({ body }: Asked): [number, Json] {
    if (body.routing_key !== known.pagerduty) {
      return [400, { status: 'invalid event', message: 'Event object is invalid', errors: ['bad routing_key'] }];
    }
    return [202, { status: 'success', message: 'Event processed', dedup_key: body.dedup_key ?? null }];
  }

  /** https://docs.aws.amazon.com/codedeploy/latest/APIReference: AWS JSON 1.1, errors by `__type`. */
  function codedeploy({ target, authorization = '', body }: Asked): [number, Json] {
    const refused = (type: string, message: string): [number, Json] => [400, { __type: type, message }];
    if (!authorization.startsWith('AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/'))
      return refused('UnrecognizedClientException', 'The security token included in the request is invalid.');
    const told = (id: string) => ({ deploymentId: id, ...deployments.get(id) });
    switch (target.split('.')[1]) {
      case 'ListDeployments': {
        const wanted = (body.includeOnlyStatuses ?? []) as string[];
        return [
          200,
          { deployments: [...deployments].flatMap(([id, { status }]) => (wanted.includes(status) ? [id] : [])) },
        ];
      }
      case 'BatchGetDeployments':
        return [200, { deploymentsInfo: (body.deploymentIds as string[]).map(told) }];
      case 'CreateDeployment': {
        if (body.applicationName !== 'shop') return refused('ApplicationDoesNotExistException', 'No application found');
        const id = `d-${String(deployments.size + 1).padStart(9, '0')}`;
        deployments.set(id, { description: String(body.description), status: 'Created' });
        return [200, { deploymentId: id }];
      }
      case 'GetDeployment': {
        const id = String(body.deploymentId);
        const { status } = deployments.get(id)!;
        const errorInformation = { code: 'HEALTH_CONSTRAINTS', message: 'too few healthy instances' };
        return [200, { deploymentInfo: { ...told(id), ...(status === 'Failed' ? { errorInformation } : {}) } }];
      }
      case 'StopDeployment':
        deployments.get(String(body.deploymentId))!.status = 'Stopped';
        return [200, { status: 'Pending' }];
      default:
        return refused('UnknownOperationException', target);
    }
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? '';
    const target = String(request.headers['x-amz-target'] ?? '');
    const entry = { path, target, authorization: request.headers.authorization, body: await bodyOf(request) };
    asked.push(entry);
    const next = planned.shift();
    const [status, body] = next ? [next.status, next.body ?? {}] : answerOf(entry);
    response.writeHead(status, { 'content-type': 'application/json', ...next?.headers }).end(JSON.stringify(body));
  }

  function answerOf(entry: Asked): [number, Json] {
    const systems: Record<string, (asked: Asked) => [number, Json]> = {
      '/slack/chat.postMessage': slack,
      '/jira/rest/api/3/issue': jira,
      '/pagerduty/v2/enqueue': pagerduty,
      '/echo': ({ body, authorization = null }) => [body.fail ? 400 : 200, { said: authorization, body }],
      '/ok': () => [200, { ok: true }],
    };
    if (entry.path.startsWith('/codedeploy')) return codedeploy(entry);
    return systems[entry.path]?.(entry) ?? [404, {}];
  }

  const server = createServer((request, response) => void handle(request, response));
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    deployments,
    answer: (...answers) => planned.push(...answers),
    close: () =>
      new Promise((done) => {
        server.closeAllConnections();
        server.close(() => done());
      }),
  };
}

async function bodyOf(request: IncomingMessage): Promise<JsonObject> {
  let text = '';
  for await (const chunk of request) text += chunk;
  if (/^application\/(x-amz-)?json/.test(request.headers['content-type'] ?? '')) return JSON.parse(text) as JsonObject;
  return Object.fromEntries(new URLSearchParams(text));
}
