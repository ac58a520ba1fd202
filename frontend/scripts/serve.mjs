// Serves build/ the way the binary does: precompressed files, long caching for hashed names, 404 for a
// missing hashed file and 200.html for any other path. For looking at pages without a server behind them.
import { createServer } from 'node:http';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { extname, join, normalize } from 'node:path';

const root = join(import.meta.dirname, '..', 'build');
const port = Number(process.env.PORT ?? 4173);
const types = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
  '.webmanifest': 'application/manifest+json',
};

/** @param {string} path */
function find(path) {
  const base = path.replace(/\/$/, '') || '/index';
  for (const candidate of [base, `${base}.html`, join(base, 'index.html')]) {
    const file = join(root, candidate);
    if (file.startsWith(root) && existsSync(file) && statSync(file).isFile()) return file;
  }
  return undefined;
}

createServer((request, response) => {
  const path = normalize(decodeURIComponent(new URL(request.url ?? '/', 'http://x').pathname));
  const hashed = path.startsWith('/_app/');
  const file = find(path) ?? (hashed || path.startsWith('/api/') ? undefined : join(root, '200.html'));
  if (!file) {
    response.writeHead(404, { 'content-type': 'text/plain' }).end('Not found');
    return;
  }
  const accepted = String(request.headers['accept-encoding'] ?? '');
  const packed = [['br', '.br'], ['gzip', '.gz']].find(([name, end]) => accepted.includes(name) && existsSync(file + end));
  response.setHeader('content-type', types[/** @type {keyof typeof types} */ (extname(file))] ?? 'application/octet-stream');
  response.setHeader('vary', 'accept-encoding');
  response.setHeader('cache-control', path.startsWith('/_app/immutable/') ? 'public, max-age=31536000, immutable' : 'no-cache');
  if (packed) response.setHeader('content-encoding', packed[0]);
  response.end(readFileSync(packed ? file + packed[1] : file));
}).listen(port, '127.0.0.1', () => console.log(`http://127.0.0.1:${port}`));
