import type { Throughput } from '../comparison/load.ts';
import type { Replays } from '../comparison/replays.ts';
import type { Compared } from '../comparison/side-by-side.ts';
import type { LargeEvents } from '../events/large/measure.ts';
import type { EventCosts } from '../events/measure.ts';
import type { Grown } from '../growth.ts';
import type { Measured } from '../lists/measure.ts';
import type { LargeIndex } from '../lists/million.ts';
import type { DebuggedRun } from '../product/debugger.ts';
import type { LargeRuns } from '../product/large-runs.ts';
import type { Pages } from '../product/pages.ts';
import type { Shares } from '../product/shares.ts';
import type { MovedSlider } from '../product/slider.ts';
import type { Soak } from '../product/soak.ts';
import type { Starts } from '../product/starts.ts';

/** Everything that was measured. */
export interface Results {
  versions: Record<string, string>;
  /** When each part was measured (UTC), and the load of the machine before. */
  conditions: Record<string, { at: string; load: number }>;
  compared: Compared[];
  throughput: Record<'hand' | 'fermata', Throughput[]>;
  memory: Record<'hand' | 'fermata', number>;
  replays: Replays;
  starts: Starts;
  lists: { runs: number; measured: Measured[] }[];
  largeIndex: LargeIndex;
  growth: Grown[];
  soak: Soak;
  largeRuns: LargeRuns;
  pages: Pages;
  debugger: DebuggedRun[];
  sliders: MovedSlider[];
  events: EventCosts;
  largeEvents: LargeEvents;
  rest: { rate: number; latencies: number[] };
  lag: number[];
  shares: Shares;
  start: { first: number[]; again: number[] };
  bundle: { bytes: number; compressed: number; milliseconds: number };
}
