// One build for each language, side by side, so that a page is written in its language before any script runs and
// nobody fetches the words of another. What is named by its content is put together; pages stand in a folder of their
// language, English at the top. `LANGUAGES=en npm run build` makes one of them only, for work on a page.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { base, languages, projectOf, wordsOf } from './catalogue.mjs';

const wanted = process.env.LANGUAGES?.split(',') ?? languages;
const version = hashOf(['src', 'messages', 'static', 'styles', 'package-lock.json', 'vite.config.ts', 'scripts']);

/** Of everything that a build is made from: the same sources are the same version. */
function hashOf(paths) {
  const sum = createHash('sha256');
  const read = (path) => {
    if (basename(path) === 'paraglide') return;
    if (statSync(path).isDirectory()) for (const name of readdirSync(path).sort()) read(join(path, name));
    else sum.update(path).update(readFileSync(path));
  };
  paths.forEach(read);
  return sum.digest('hex').slice(0, 16);
}

function run(command, args, env = {}) {
  return new Promise((resolve, reject) => {
    let said = '';
    const child = spawn(join('node_modules', '.bin', command), args, { env: { ...process.env, ...env } });
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (said += chunk));
    child.on('close', (code) => (code === 0 ? resolve(said) : reject(new Error(`${command} ${args.join(' ')}\n${said}`))));
  });
}

// Each message comes with the choice among languages. Here there is one, and the choices would weigh more than some words.
function shorten(folder, language) {
  for (const name of readdirSync(folder)) {
    const text = readFileSync(join(folder, name), 'utf8');
    const short = text.replace(/^export const (\w+) = .*\(\(inputs(?: = \{\})?, options = \{\}\) => \{\n.*\n\treturn (\w+)\(inputs\)\n\}\);/gm, 'export const $1 = $2;');
    if (name !== '_index.js' && short.includes('options = {}')) throw new Error(`${language}: ${name} is not of the form that can be shortened`);
    writeFileSync(join(folder, name), short);
  }
}

// A page of hours has dozens of plurals; the rules of a language are looked up once, not for each of them.
function keepRules(file) {
  const text = readFileSync(file, 'utf8');
  const made = 'return new Intl.PluralRules(locale, options).select(Number(input))';
  if (!text.includes(made)) throw new Error('plurals are made in another way now');
  writeFileSync(file, `${text.replace(made, 'return (rules[locale + (options?.type ?? "")] ??= new Intl.PluralRules(locale, options)).select(Number(input))')}\nconst rules = {};\n`);
}

async function buildOne(language) {
  const words = join('.words', language, 'paraglide');
  await run('paraglide-js', ['compile', '--project', projectOf(language), '--outdir', words, '--strategy', 'baseLocale', '--no-emit-readme', '--no-emit-prettier-ignore', '--silent']);
  shorten(join(words, 'messages'), language);
  keepRules(join(words, 'registry.js'));
  await run('vite', ['build', '--logLevel', 'error'], { LANGUAGE: language, VERSION: version });
  return join('.words', language, 'build');
}

// The files that a member's pages need, so that the worker can keep them: pages, and whatever they lead to. Whoever is
// worried about somebody finds whom to ring; every other page is stood for by one that says why it is not there.
const kept = ['index', 'sign-in', 'home', 'ask', 'diary', 'hours', 'record', 'offer', 'offers', 'listing', 'exchange', 'me', 'messages', 'worried', 'no-signal'];
function shellOf(language, folder) {
  const manifest = JSON.parse(readFileSync(join('.words', language, 'kit', 'output', 'client', '.vite', 'manifest.json'), 'utf8'));
  const nodes = Object.values(manifest).map(({ src }) => src).filter((src) => /generated\/client-optimized\/nodes\/\d+\.js$/.test(src ?? ''));
  const files = new Set();
  const seen = new Set();
  const reach = (name, fromNode) => {
    const entry = manifest[name];
    if (!entry || seen.has(name)) return;
    seen.add(name);
    for (const file of [entry.file, ...(entry.css ?? []), ...(entry.assets ?? [])]) if (!/latin-ext|\.woff$/.test(file)) files.add(file);
    for (const next of entry.imports ?? []) reach(next, fromNode);
    // What a page fetches later belongs to it; what the app fetches later are other pages.
    if (fromNode) for (const next of entry.dynamicImports ?? []) reach(next, true);
  };
  const pages = kept.filter((name) => existsSync(join(folder, `${name}.html`)));
  const wanted = new Set(pages.flatMap((name) => [...readFileSync(join(folder, `${name}.html`), 'utf8').matchAll(/_app\/immutable\/[^"'\s)]+/g)].map(([file]) => file)));
  for (const [name, { file }] of Object.entries(manifest)) if (wanted.has(file)) reach(name, nodes.includes(manifest[name].src));
  for (const file of wanted) files.add(file);
  return [...pages.map((name) => (name === 'index' ? '/' : `/${name}`)), ...[...files].sort().map((file) => `/${file}`), '/icon.svg', '/manifest.webmanifest'];
}

// What a page's first paint waits for is asked for first: its style and letters before the scripts that wake it. A member's page begins with who is signed in, which is asked for beside the scripts and not after them.
const asksWho = new Set(kept.filter((name) => !['index', 'sign-in', 'no-signal'].includes(name)));

function inOrder(html, name) {
  const styles = html.match(/^\s*<link [^>]*rel="stylesheet"[^>]*>\n/gm) ?? [];
  const scripts = html.replace(/(<link [^>]*rel="modulepreload")/g, '$1 fetchpriority="low"');
  const bare = styles.reduce((text, style) => text.replace(style, ''), scripts);
  const who = asksWho.has(name) ? '\t\t<link href="/api/me" rel="preload" as="fetch" crossorigin="anonymous">\n' : '';
  return bare.replace(/^\s*<link [^>]*rel="modulepreload"/m, (first) => styles.join('') + who + first);
}

function put(file, text) {
  writeFileSync(file, text);
  writeFileSync(`${file}.br`, brotliCompressSync(text, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }));
  writeFileSync(`${file}.gz`, gzipSync(text, { level: 9 }));
}

// Written so that it stands in any quotes.
function wordlessOf(language) {
  const words = { ...wordsOf(base), ...wordsOf(language) };
  return [...words.push_wordless].map((letter) => (/[\p{L}\p{N} .]/u.test(letter) ? letter : `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`)).join('');
}

// How a phone shows the app among its others.
function manifestOf(language) {
  const words = { ...wordsOf(base), ...wordsOf(language) };
  const [lang, dir] = { en: ['en-GB', 'ltr'], ur: ['ur', 'rtl'] }[language] ?? [language, 'ltr'];
  const icon = (size, purpose) => ({ src: `/icon-${size}${purpose === 'maskable' ? '-maskable' : ''}.png`, sizes: `${size}x${size}`, type: 'image/png', purpose });
  return JSON.stringify({
    id: '/home',
    name: words.app_name,
    short_name: words.app_short_name,
    description: words.front_lead,
    lang,
    dir,
    start_url: '/home',
    scope: '/',
    display: 'standalone',
    background_color: '#faf6ef',
    theme_color: '#faf6ef',
    icons: [{ src: '/icon.svg', sizes: 'any', type: 'image/svg+xml' }, icon(192, 'any'), icon(512, 'any'), icon(512, 'maskable')],
    shortcuts: [
      { name: words.ask_title, url: '/ask' },
      { name: words.record_title, url: '/record' },
      { name: words.diary_title, url: '/diary' },
    ],
  });
}

// Our tsconfig stands on the one that this writes, whichever language is built.
await run('svelte-kit', ['sync']);
const built = await Promise.all(wanted.map(buildOne));

const out = '.words/whole';
rmSync(out, { recursive: true, force: true });
for (const [at, folder] of built.entries()) {
  const language = wanted[at];
  put(join(folder, 'manifest.webmanifest'), manifestOf(language));
  for (const name of readdirSync(folder, { recursive: true })) {
    if (name.endsWith('.html')) put(join(folder, name), inOrder(readFileSync(join(folder, name), 'utf8'), name.slice(0, -'.html'.length)));
  }
  const worker = join(folder, 'service-worker.js');
  const shell = shellOf(language, folder);
  const code = readFileSync(worker, 'utf8');
  if (code.split('__WORDLESS__').length !== 2) throw new Error('the worker has no place for the words of a message without words');
  if (code.split('__SHELL__').length !== 2) throw new Error('the worker has no place for the list of what it keeps');
  put(worker, code.replace('__SHELL__', shell.join(' ')).replace('__WORDLESS__', wordlessOf(language)));
  const size = shell.reduce((sum, path) => {
    const file = join(folder, path === '/' ? 'index.html' : existsSync(join(folder, `${path}.html`)) ? `${path}.html` : path);
    return sum + statSync(existsSync(`${file}.br`) ? `${file}.br` : file).size;
  }, 0);
  console.log(`${language}: version ${version}, the worker keeps ${shell.length} files, ${(size / 1000).toFixed(0)} KB`);

  const into = language === base ? out : join(out, language);
  mkdirSync(into, { recursive: true });
  for (const name of readdirSync(folder)) {
    if (name === '_app' && language !== base) cpSync(join(folder, '_app', 'immutable'), join(out, '_app', 'immutable'), { recursive: true });
    else if (language === base || /\.html(\.br|\.gz)?$|^service-worker|^manifest|^[a-z-]+$/.test(name)) cpSync(join(folder, name), join(into, name), { recursive: true });
  }
}
// All at once, so that a build that failed leaves the last one whole.
for (const name of readdirSync('build')) if (name !== '.gitkeep') rmSync(join('build', name), { recursive: true });
for (const name of readdirSync(out)) renameSync(join(out, name), join('build', name));
