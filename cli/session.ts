import type { Output } from './output.ts';
import type { Service } from './service.ts';

/** What every command uses. */
export interface Session {
  service: Service;
  output: Output;
}
