import type { Config } from '../model/config.ts';
import { type Codec, createCodec } from '../temporal/codec/codec.ts';

/** What seals what Temporal gets, where the settings have a key for that. */
export function codecOf({ FERMATA_PAYLOAD_KEY: keys }: Pick<Config, 'FERMATA_PAYLOAD_KEY'>): Codec | undefined {
  return keys === undefined ? undefined : createCodec(keys.split(','));
}
