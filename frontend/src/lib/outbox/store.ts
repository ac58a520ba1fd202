// What waits on this device to be sent: one object store of IndexedDB, used by the pages and by the worker.

export type Refusal = { detail: string; errors?: { pointer: string; message: string }[] };

export type Item = {
  /** The Idempotency-Key: however often it is sent, it is done once. */
  key: string;
  /** Whose it is. It is shown to nobody else and sent in nobody else's name. */
  person: string;
  path: string;
  body: unknown;
  /** What it is, in words, as somebody would say it. */
  what: string;
  /** The page where it was made, and where it can be put right. */
  from: string;
  /** What was typed, and the address of the form, to go on with should the server say no. */
  draft?: { name: string; values: unknown; at: string };
  at: number;
  /** It was sent, but no answer came: it may have arrived. */
  tried?: boolean;
  /** The server said no. It is not sent again; somebody has to look. */
  refused?: Refusal;
};

let opening: Promise<IDBDatabase> | undefined;

function open(): Promise<IDBDatabase> {
  opening ??= new Promise((resolve, reject) => {
    const asked = indexedDB.open('timebank', 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore('outbox', { keyPath: 'key' });
    asked.onerror = () => reject(asked.error);
    asked.onsuccess = () => {
      // Another tab may delete or renew the store; it is then opened again.
      asked.result.onversionchange = () => asked.result.close();
      asked.result.onclose = () => (opening = undefined);
      resolve(asked.result);
    };
  });
  opening.catch(() => (opening = undefined));
  return opening;
}

async function within<Result>(mode: IDBTransactionMode, what: (items: IDBObjectStore) => IDBRequest<Result>): Promise<Result> {
  const tx = (await open()).transaction('outbox', mode, { durability: 'strict' });
  const asked = what(tx.objectStore('outbox'));
  return new Promise((resolve, reject) => {
    tx.oncomplete = () => resolve(asked.result);
    tx.onabort = () => reject(tx.error);
  });
}

/** Of one person, oldest first. */
export async function itemsOf(person: string): Promise<Item[]> {
  const all = await within<Item[]>('readonly', (items) => items.getAll());
  return all.filter((item) => item.person === person).sort((one, two) => one.at - two.at);
}

/** At a sign-out: what waits goes too, which the page has said before. */
export async function dropItemsOf(person: string): Promise<void> {
  for (const { key } of await itemsOf(person)) await drop(key);
}

export const itemBy = (key: string): Promise<Item | undefined> => within('readonly', (items) => items.get(key) as IDBRequest<Item | undefined>);
export const put = (item: Item): Promise<unknown> => within('readwrite', (items) => items.put(item));
export const drop = (key: string): Promise<unknown> => within('readwrite', (items) => items.delete(key));
