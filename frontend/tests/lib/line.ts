import { createServer, request, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { baseURL } from './signin.ts';

/**
 * A line to the server that a test can cut: no answer at all, as from a server that was killed; or an answer lost on
 * the way back, after the server has done its work. It counts what the server was asked.
 */
export class Line {
  /** What reached the server, as "POST /api/…". */
  asked: string[] = [];
  /** Loses the answer to each request that fits. */
  loses: ((asked: string) => boolean) | undefined;
  /** Changes what the server says of a path, as a new version of the pages would. */
  changed = new Map<string, (body: string) => string>();

  #server: Server | undefined;
  #port = 0;

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  async open(): Promise<void> {
    const to = new URL(baseURL);
    this.#server = createServer((from, back) => {
      const asked = `${from.method} ${from.url}`;
      const path = new URL(from.url ?? '/', baseURL).pathname;
      const change = this.changed.get(path);
      const headers: IncomingMessage['headers'] = { ...from.headers, host: to.host };
      if (headers.origin) headers.origin = baseURL;
      if (change) delete headers['accept-encoding'];
      const there = request({ host: to.hostname, port: to.port, method: from.method, path: from.url, headers }, (answer) => {
        this.asked.push(asked);
        if (this.loses?.(asked)) {
          answer.resume().on('end', () => back.destroy());
          return;
        }
        if (!change) {
          back.writeHead(answer.statusCode ?? 500, answer.headers);
          answer.pipe(back);
          return;
        }
        let body = '';
        answer.setEncoding('utf8').on('data', (part) => (body += part));
        answer.on('end', () => {
          const { 'content-length': _, ...rest } = answer.headers;
          back.writeHead(answer.statusCode ?? 500, rest);
          back.end(change(body));
        });
      });
      there.on('error', () => back.destroy());
      from.pipe(there);
    });
    await new Promise<void>((done) => this.#server?.listen(this.#port, '127.0.0.1', done));
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  /** The server is gone: connections are cut, new ones are refused. */
  async cut(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    server?.closeAllConnections();
    await new Promise<void>((done) => (server ? server.close(() => done()) : done()));
  }
}
