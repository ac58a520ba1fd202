import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import adapter from '@sveltejs/adapter-static';
import { sveltekit } from '@sveltejs/kit/vite';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';
import { logicalSides } from './styles/logical.mjs';

// SvelteKit writes an inline style on its route announcer; this is the hash of that one attribute.
const announcerStyle = 'sha256-S8qMpvofolR8Mpjy4kQvEm7m1q8clzU4dfDH0AmvZjo=';

// The one script that stands in the page itself (src/app.html).
const beforePaint = `sha256-${createHash('sha256').update(readFileSync(`${import.meta.dirname}/src/before-paint.js`)).digest('base64')}` as const;

// What home and the list of offers need is one file: nearly all of it is what every other page needs too. So are the
// words it says; which they are is read from who says them, since their index leads to all.
type Graph = { getModuleInfo(id: string): { importedIds: readonly string[] } | null };
const first = ['+layout', '(member)/+layout', '(member)/home/+page', '(member)/offers/+page'];
const needed = new Set<string>();
const said = new Set<string>();

function core(id: string, graph: Graph): string | null {
  if (needed.size === 0) {
    const todo = first.map((path) => `${import.meta.dirname}/src/routes/${path}.svelte`);
    for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
      if (needed.has(next) || next.includes('/paraglide/messages')) continue;
      needed.add(next);
      todo.push(...(graph.getModuleInfo(next)?.importedIds ?? []));
      if (!next.startsWith(`${import.meta.dirname}/src/`)) continue;
      for (const [key] of readFileSync(next.replace(/\?.*/, ''), 'utf8').matchAll(/(?<=\bm\.)\w+/g)) said.add(key);
    }
  }
  const word = /\/paraglide\/messages\/(\w+)\.js$/.exec(id)?.[1];
  if (word) return said.has(word) ? 'core' : null;
  return /\/(src\/lib|paraglide)\//.test(id) && /\.(js|ts|svelte)$/.test(id) && needed.has(id) ? 'core' : null;
}

// More than half of what a page fetches runs as it wakes. Told so in a file's first line, a browser makes it ready beside the
// page while it comes; otherwise each function keeps the page waiting at its first call (decision 51).
const readyOnLoad: Plugin = {
  name: 'ready-on-load',
  applyToEnvironment: ({ name }) => name === 'client',
  generateBundle: {
    order: 'post',
    handler: (_, bundle) => {
      for (const part of Object.values(bundle)) if (part.type === 'chunk') part.code = `//# allFunctionsCalledOnLoad\n${part.code}`;
    },
  },
};

// scripts/build.mjs makes one build a language; work on a page and the tests of rules use English.
const language = process.env.LANGUAGE;
const words = language && `.words/${language}`;

export default defineConfig({
  define: { __VERSION__: JSON.stringify(process.env.VERSION ?? 'dev'), __LANGUAGE__: JSON.stringify(language ?? 'en') },
  resolve: { alias: words ? [{ find: /^#lib\/paraglide\//, replacement: `${import.meta.dirname}/${words}/paraglide/` }] : [] },
  plugins: [
    readyOnLoad,
    sveltekit({
      ...(words && { outDir: `${words}/kit` }),
      adapter: adapter({ fallback: '200.html', precompress: true, ...(words && { pages: `${words}/build`, assets: `${words}/build` }) }),
      // The layout asks for the worker itself, so that it can be told of a new one.
      serviceWorker: { register: false },
      prerender: {
        handleHttpError: ({ path, message }) => {
          // Written after the pages, by scripts/build.mjs.
          if (path !== '/manifest.webmanifest') throw new Error(message);
        },
      },
      // A page's own few rules go with the page: each file of a first visit is one more request on a poor line.
      inlineStyleThreshold: 1024,
      csp: {
        mode: 'hash',
        directives: {
          'default-src': ['none'],
          'script-src': ['self', beforePaint],
          'style-src': ['self'],
          'style-src-attr': ['unsafe-hashes', announcerStyle],
          'img-src': ['self', 'data:'],
          'font-src': ['self'],
          'connect-src': ['self'],
          'manifest-src': ['self'],
          'worker-src': ['self'],
          'base-uri': ['self'],
          'form-action': ['self'],
        },
      },
      version: { name: process.env.VERSION ?? 'dev', pollInterval: 5 * 60 * 1000 },
    }),
  ],
  environments: {
    client: {
      build: {
        rolldownOptions: {
          output: {
            // Each message and small component would become a file of its own. What routes share is packed
            // into few files instead, still by who uses it: a member never fetches what only staff need.
            codeSplitting: {
              groups: [
                { name: 'svelte', test: /node_modules[\\/](svelte|@sveltejs|esm-env)[\\/].*\.(js|ts)$|vite[\\/]preload-helper|rolldown[\\/]runtime/ },
                { name: core },
                {
                  name: 'shared',
                  test: /[\\/](src[\\/]lib|paraglide)[\\/].*\.(js|ts|svelte)$/,
                  minShareCount: 2,
                  entriesAware: true,
                  entriesAwareMergeThreshold: 2_000,
                },
              ],
            },
          },
        },
      },
    },
  },
  css: {
    // govuk-frontend still carries `\0` hacks for Internet Explorer, which the minifier would refuse.
    lightningcss: { errorRecovery: true },
    preprocessorOptions: { scss: { loadPaths: ['node_modules/govuk-frontend/dist'], quietDeps: true } },
    postcss: { plugins: [logicalSides()] },
  },
  server: { proxy: { '/api': process.env.API_URL ?? 'http://127.0.0.1:8080' } },
  test: { include: ['src/**/*.test.ts'] },
});
