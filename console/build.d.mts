/** What esbuild knows about a bundle: its modules, by path from console/, and the files that it has made of them, by path in the folder. */
export interface ConsoleBundle {
  inputs: Record<string, unknown>;
  outputs: Record<string, { entryPoint?: string; imports: { path: string; kind: string }[] }>;
}

/** Bundles the console into a folder: its pages, and the worker that debugs runs. */
export function buildConsole(folder: string): Promise<{ pages: ConsoleBundle; worker: ConsoleBundle }>;
