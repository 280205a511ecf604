/** All of the style is in the page already. */
export async function sheet() {}
export const apart = sheet;
