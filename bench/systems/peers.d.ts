// Packages of bench/package.json, and what is built: the types have to hold without them.
declare module "h5wasm";
declare module "jsfive";
declare module "zarrita";
declare module "regl-scatterplot";
declare module "three";
declare module "*/floor/floor.js" {
  export class Grid {
    constructor(rows: number, columns: number, item: number);
    put(stored: Uint8Array, packed: string, row: number, column: number, height: number, width: number): void;
    bytes(): Uint8Array;
    free(): void;
  }
  export class Picker {
    constructor(height: number);
    pick(indices: Uint8Array, values: Uint8Array, packed: string, height: number, count: number, gene: number): Uint32Array;
    free(): void;
  }
  export function sweep(starts: Grid, indices: Grid, values: Grid, gene: number): Uint8Array;
  export function inflate(stored: Uint8Array, size: number): Uint8Array;
  export default function init(from?: { module_or_path: string }): Promise<unknown>;
}
