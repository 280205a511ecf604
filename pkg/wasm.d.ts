/** Where the module's file is, or the module itself, as a bundler takes it. */
declare const module: unknown;
/** As the bundler gives it: mostly an address. */
export default module;
