/** Bundles the console into a folder. Returns what esbuild knows about its modules, by path from console/. */
export function buildConsole(folder: string): Promise<{ inputs: Record<string, unknown> }>;
