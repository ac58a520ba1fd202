// Every page is written to a file at build time, so that its words are there before any script.
export const prerender = true;
