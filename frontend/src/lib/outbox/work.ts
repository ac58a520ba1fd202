// Fetched when there is something to send: most visits have nothing that waits.
export { sendAll, sendOne, tellOthers } from './send.ts';
export { drop, dropItemsOf, itemsOf, put } from './store.ts';
