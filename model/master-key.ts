/** A process that has master keys; `all`: one that is API and worker, as `npm start` is. */
export type ProcessKind = 'api' | 'worker' | 'all';
