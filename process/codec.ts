import { type Codec, createCodec } from '../codec/codec.ts';
import type { Config } from '../model/config.ts';

/** What seals what Temporal gets, where the settings have a key for that. */
export function codecOf({ FERMATA_PAYLOAD_KEY: keys }: Pick<Config, 'FERMATA_PAYLOAD_KEY'>): Codec | undefined {
  return keys === undefined ? undefined : createCodec(keys.split(','));
}
