import type { z } from 'zod';
import { Base64Schema } from '../../model/base64.ts';
import { UploadInputSchema } from '../../model/builtin-actions.ts';
import { isJsonObject, type Json } from '../../model/json.ts';
import { type ActionContext, ActionError, type ConnectedAction } from '../action.ts';
import { awsFailure, clientSettings } from './client.ts';

/**
 * `s3.upload` (PutObject), also to compatible services: returns `{ bucket, key, etag, version_id }`. Repeating it
 * stores the same object. Fails with `s3_error`; its code is that of the service, such as `NoSuchBucket`.
 */
export const upload: ConnectedAction<'s3', z.infer<typeof UploadInputSchema>> = {
  pack: 's3',
  input: UploadInputSchema,
  async run({ bucket, key, data, content_type }, connection, context) {
    // The SDK is slow to load, and few workers need it.
    const { PutObjectCommand, S3Client } = await import('@aws-sdk/client-s3');
    const own = connection.settings.endpoint !== undefined;
    const { body, type } = bodyOf(data, context.decoded);
    const where = `bucket "${bucket}"`;
    const settings = await clientSettings(connection, context).catch((error: unknown) => {
      throw awsFailure('s3_error', error, context.signal, where);
    });
    const client = new S3Client({
      ...settings,
      // Other services support neither bucket hosts nor checksums.
      ...(own ? { forcePathStyle: true, requestChecksumCalculation: 'WHEN_REQUIRED' as const } : {}),
    });
    const command = new PutObjectCommand({ Bucket: bucket, Key: key, Body: body, ContentType: content_type ?? type });
    try {
      const { ETag, VersionId } = await client.send(command, { abortSignal: context.signal });
      return { bucket, key, etag: (ETag ?? '').replaceAll('"', ''), version_id: VersionId ?? null };
    } catch (error) {
      throw awsFailure('s3_error', error, context.signal, where);
    } finally {
      client.destroy();
    }
  },
};

/** Returns the bytes of an object and their content type. */
function bodyOf(data: Json, decoded: ActionContext['decoded']): { body: Uint8Array; type: string } {
  if (typeof data === 'string') return { body: Buffer.from(data), type: 'text/plain; charset=utf-8' };
  if (isJsonObject(data) && typeof data.base64 === 'string' && Object.keys(data).length === 1) {
    const checked = Base64Schema.safeParse(data.base64);
    if (!checked.success) {
      const message = checked.error.issues[0]!.message;
      throw new ActionError('input_invalid', `the input is invalid: /data/base64 ${message}`, {
        details: [{ code: 'input_invalid', path: '/data/base64', message }],
        retryable: false,
      });
    }
    decoded(data.base64);
    return { body: Buffer.from(data.base64, 'base64'), type: 'application/octet-stream' };
  }
  return { body: Buffer.from(JSON.stringify(data)), type: 'application/json' };
}
