#!/usr/bin/env node
// The command line's program, from wherever it is called.
import { build } from '../build.mjs';

await build();
await import('../dist/cli/main.js');
