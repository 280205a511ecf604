/**
 * Brings the second part of the module, which holds what is seldom called: other formats than `.h5ad`, rare compressions, export folders,
 * the words of errors. Whoever does not call this has it brought by the first call that needs it, which waits for it. On a page's own thread, where
 * nothing can wait, `init` brings it.
 */
export function later(): Promise<void>;
