import type { ClientInit, HandleClientError } from '@sveltejs/kit';

/** A page that is not there is no fault of ours, and needs no cry in the console. */
export const handleError: HandleClientError = ({ error, status, message }) => {
  if (status !== 404) console.error(error);
  return { message };
};

/** Waking the page is work of its own: what its scripts are made of has been read, and a finger may come first. */
export const init: ClientInit = () => new Promise((go) => setTimeout(go));
