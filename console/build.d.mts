/** What esbuild knows about a bundle: its modules, by path from console/, and the files that it has made of them, by path in the folder. */
export interface ConsoleBundle {
  inputs: Record<string, unknown>;
  outputs: Record<
    string,
    { entryPoint?: string; inputs: Record<string, unknown>; imports: { path: string; kind: string }[] }
  >;
}

/** What is known about the console: its pages, and the worker that debugs runs. */
export interface ConsoleBundles {
  pages: ConsoleBundle;
  worker: ConsoleBundle;
}

/** Bundles the console, in memory. */
export function bundleConsole(): Promise<ConsoleBundles & { files: { name: string; contents: Uint8Array }[] }>;

/** Bundles the console into a folder, each of its files also compressed: with Brotli of the best quality unless another one is given. */
export function buildConsole(folder: string, brotliQuality?: number): Promise<ConsoleBundles>;
