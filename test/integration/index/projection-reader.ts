import { createProjectionReader, type ProjectionReader } from '../../../service/projections/reader.ts';
import type { Temporal } from '../../../temporal/gateway.ts';
import { threadModule } from '../../../threads/module.ts';
import { createPool } from '../../../threads/pool.ts';

/** Shared by all tests of this process, whose end is theirs: threads do not keep it alive. */
const pool = createPool({ source: threadModule, size: 2 });

/** A reader of projections as the API has one. */
export function createReader(temporal: Temporal): ProjectionReader {
  return createProjectionReader({ temporal, pool, clock: Date.now });
}
