import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { pipeline, type Readable, Transform } from 'node:stream';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { AnswerTooLarge } from '../../egress/answer.ts';
import { egressErrorIn, portOf } from '../../egress/egress.ts';
import type { ConnectionOf } from '../../model/connection.ts';
import { MAX_PAYLOAD_BYTES } from '../../model/run-input.ts';
import { type ActionContext, ActionError } from '../action.ts';

/** Milliseconds for a connection to AWS, for an answer to begin, and for a pause within one. */
const TIMEOUTS = { connectionTimeout: 10_000, requestTimeout: 60_000, socketTimeout: 60_000 };

/** What AWS answers with where another attempt makes sense, beside what it says with a status. */
const PASSING = new Set([
  ...['ThrottlingException', 'Throttling', 'RequestTimeout', 'SlowDown', 'RequestLimitExceeded'],
  ...['DeploymentLimitExceededException', 'InternalError', 'ServiceUnavailable'],
]);

/** The settings of a client of AWS's SDK by a connection: each request is one attempt, from addresses that may be reached. */
export async function clientSettings(
  { settings: { region, endpoint }, secrets }: ConnectionOf<'aws' | 's3'>,
  { addressOf, lookup }: ActionContext,
) {
  const port = endpoint === undefined ? 443 : portOf(new URL(endpoint));
  // Nothing looks up an address that is written out.
  if (endpoint !== undefined) await addressOf(new URL(endpoint).hostname, port);
  const agent = { lookup: lookup(port) };
  return {
    region,
    maxAttempts: 1,
    ...(endpoint === undefined ? {} : { endpoint }),
    credentials: {
      accessKeyId: secrets.access_key_id,
      secretAccessKey: secrets.secret_access_key,
      ...(secrets.session_token === undefined ? {} : { sessionToken: secrets.session_token }),
    },
    requestHandler: new BoundedHandler({
      ...TIMEOUTS,
      throwOnRequestTimeout: true,
      httpAgent: new HttpAgent(agent),
      httpsAgent: new HttpsAgent(agent),
    }),
  };
}

/** The SDK's handler of requests; an answer that is larger than can be used breaks off. */
class BoundedHandler extends NodeHttpHandler {
  override async handle(...request: Parameters<NodeHttpHandler['handle']>) {
    const answer = await super.handle(...request);
    const body = answer.response.body as Readable;
    let bytes = 0;
    const counted = new Transform({
      transform(chunk: Buffer, _, done) {
        bytes += chunk.length;
        done(bytes > MAX_PAYLOAD_BYTES ? new AnswerTooLarge() : null, chunk);
      },
    });
    answer.response.body = pipeline(body, counted, () => undefined);
    return answer;
  }
}

interface AwsError extends Error {
  code?: string;
  $metadata?: { httpStatusCode?: number };
  $response?: { statusCode?: number };
}

/**
 * Returns the failure of an action for an error of the SDK. Its code is AWS's own name of it, such as `NoSuchBucket`, the status where the
 * answer is not one of AWS (`HTTP_502`), or the system's own where nobody answered. `where` names what was asked for.
 */
export function awsFailure(type: string, error: unknown, signal: AbortSignal, where?: string): unknown {
  if (signal.aborted || error instanceof ActionError || egressErrorIn(error) !== undefined) return error;
  const { name, message, code, $metadata, $response } = error as AwsError;
  const status = $metadata?.httpStatusCode ?? $response?.statusCode;
  const retryable = status === undefined || status >= 500 || status === 429 || PASSING.has(name);
  // The SDK names what it could not parse after JavaScript's own errors.
  const isForeign = status !== undefined && /^(Error|SyntaxError|TypeError|RangeError|Unknown(Error)?)$/.test(name);
  const said = isForeign ? 'the answer is not one of AWS' : message || name;
  const about = [...(where === undefined ? [] : [where]), ...(status === undefined ? [] : [`status ${status}`])];
  return new ActionError(type, `AWS: ${said}${about.length === 0 ? '' : ` (${about.join(', ')})`}`, {
    code: status === undefined ? (code ?? name) : isForeign ? `HTTP_${status}` : name,
    retryable,
    cause: error,
  });
}
