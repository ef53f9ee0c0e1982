// Libraries that few runs use, in a file of their own: see late-libraries.ts.

export { characterEntities } from 'character-entities';
export { RE2JS } from 're2js';
