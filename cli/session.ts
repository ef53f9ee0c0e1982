import type { Output } from './output.ts';
import type { Service } from './service.ts';

/** What every command works with. */
export interface Session {
  service: Service;
  output: Output;
}
