import { it } from 'vitest';
import { expectRehearsal } from './expect-rehearsal.ts';
import { REHEARSALS } from './rehearsals.ts';

it.each(REHEARSALS)('$name', expectRehearsal);
