import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { pipeline, type Readable, Transform } from 'node:stream';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { AnswerTooLarge } from '../../egress/answer.ts';
import { egressErrorIn, portOf } from '../../egress/egress.ts';
import type { ConnectionOf } from '../../model/connection.ts';
import { MAX_PAYLOAD_BYTES } from '../../model/run-input.ts';
import { type ActionContext, ActionError } from '../action.ts';

/** Timeouts in milliseconds for connecting to AWS, for the beginning of a response, and for a pause within one. */
const TIMEOUTS = { connectionTimeout: 10_000, requestTimeout: 60_000, socketTimeout: 60_000 };

/** Error codes of AWS that are retryable, in addition to retryable statuses. */
const PASSING = new Set([
  ...['ThrottlingException', 'Throttling', 'RequestTimeout', 'SlowDown', 'RequestLimitExceeded'],
  ...['DeploymentLimitExceededException', 'InternalError', 'ServiceUnavailable'],
]);

/** Returns the settings of an AWS SDK client for a connection: no retries by the SDK, and only allowed addresses. */
export async function clientSettings(
  { settings: { region, endpoint }, secrets }: ConnectionOf<'aws' | 's3'>,
  { addressOf, lookup }: ActionContext,
) {
  const port = endpoint === undefined ? 443 : portOf(new URL(endpoint));
  // Literal addresses are not looked up.
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

/** The request handler of the SDK, with a limit on the size of responses. */
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
 * Returns the failure for an error of the SDK. Its code is the AWS error code, such as `NoSuchBucket`; the status if
 * the response is not from AWS (`HTTP_502`); or the code of the operating system if there was no response. `where`
 * describes the target.
 */
export function awsFailure(type: string, error: unknown, signal: AbortSignal, where?: string): unknown {
  if (signal.aborted || error instanceof ActionError || egressErrorIn(error) !== undefined) return error;
  const { name, message, code, $metadata, $response } = error as AwsError;
  const status = $metadata?.httpStatusCode ?? $response?.statusCode;
  const retryable = status === undefined || status >= 500 || status === 429 || PASSING.has(name);
  // The SDK reports responses that it cannot parse with JavaScript's own error names.
  const isForeign = status !== undefined && /^(Error|SyntaxError|TypeError|RangeError|Unknown(Error)?)$/.test(name);
  const said = isForeign ? 'the response is not from AWS' : message || name;
  const about = [...(where === undefined ? [] : [where]), ...(status === undefined ? [] : [`status ${status}`])];
  return new ActionError(type, `AWS: ${said}${about.length === 0 ? '' : ` (${about.join(', ')})`}`, {
    code: status === undefined ? (code ?? name) : isForeign ? `HTTP_${status}` : name,
    retryable,
    cause: error,
  });
}
