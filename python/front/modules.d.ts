/** What the build puts in the place of files. */

declare module "worker:text" {
  const text: string;
  export default text;
}

declare module "*.wasm" {
  const bytes: Uint8Array;
  export default bytes;
}
