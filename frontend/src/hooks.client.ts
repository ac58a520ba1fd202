import type { HandleClientError } from '@sveltejs/kit';

/** A page that is not there is no fault of ours, and needs no cry in the console. */
export const handleError: HandleClientError = ({ error, status, message }) => {
  if (status !== 404) console.error(error);
  return { message };
};
