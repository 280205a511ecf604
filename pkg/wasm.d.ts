/** Where the module's file is, or the module itself, as a bundler takes it. */
declare const module: unknown;
export default module;
