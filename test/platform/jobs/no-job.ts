/** A module that is no job: it has no default export. */
export const notDefault = 1;
