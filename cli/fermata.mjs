#!/usr/bin/env node
// The command line's program: has Node read TypeScript, from wherever it is called.
import { register } from 'tsx/esm/api';

register();
await import('./main.ts');
