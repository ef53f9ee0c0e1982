import type { Config } from '../model/config.ts';
import { type Codec, createCodec } from '../temporal/codec/codec.ts';

/** Creates the payload codec, if the settings have a key for it. */
export function createConfiguredCodec({
  FERMATA_PAYLOAD_KEY: keys,
}: Pick<Config, 'FERMATA_PAYLOAD_KEY'>): Codec | undefined {
  return keys === undefined ? undefined : createCodec(keys.split(','));
}
