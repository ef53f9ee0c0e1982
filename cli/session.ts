import type { Output } from './output.ts';
import type { Service } from './service.ts';

/** The connection and the output that every command uses. */
export interface Session {
  service: Service;
  output: Output;
}
