// Libraries that few runs use, bundled apart: see late-libraries.ts.

export { characterEntities } from 'character-entities';
export { RE2JS } from 're2js';
