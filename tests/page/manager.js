/** The app's own module of this name, as far as it is known: one manager for the page. */
// @ts-expect-error: an address of the test's server
import { Manager } from "/app.js";

const manager = new Manager();
export const getDataSourceManager = () => manager;
