// Every word of the interface lives in messages/. The compiler says "success" even when it found no
// messages at all, so we count them first, and hold each key to one shape and to being used somewhere.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const messages = JSON.parse(readFileSync('messages/en.json', 'utf8'));
const keys = Object.keys(messages).filter((key) => key !== '$schema');
const problems = [];

if (keys.length === 0) problems.push('messages/en.json holds no messages');
for (const key of keys) {
  if (!/^[a-z][a-z0-9]*(_[a-z0-9]+)*$/.test(key)) problems.push(`${key}: keys are lower_snake_case`);
  if (messages[key] === '') problems.push(`${key}: has no words`);
}

const sources = readdirSync('src', { recursive: true, withFileTypes: true })
  .filter((file) => file.isFile() && /\.(svelte|ts)$/.test(file.name))
  .map((file) => join(file.parentPath, file.name))
  .filter((path) => !path.includes('paraglide'));
const used = new Set();
for (const path of sources) {
  for (const [, key] of readFileSync(path, 'utf8').matchAll(/\bm\.([a-z0-9_]+)\(/g)) {
    used.add(key);
    if (!keys.includes(key)) problems.push(`${path}: m.${key}() has no words in messages/en.json`);
  }
}
for (const key of keys) if (!used.has(key)) problems.push(`${key}: nobody says these words`);

for (const locale of readdirSync('messages').filter((name) => name !== 'en.json')) {
  const other = Object.keys(JSON.parse(readFileSync(join('messages', locale), 'utf8')));
  for (const key of other) {
    if (key !== '$schema' && !keys.includes(key)) problems.push(`${locale}: ${key} is not in en.json`);
  }
}

if (problems.length > 0) {
  console.error(problems.join('\n'));
  process.exit(1);
}
console.log(`${keys.length} messages`);
