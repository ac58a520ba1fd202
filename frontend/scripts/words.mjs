// Every word of the interface lives in messages/. The compiler says "success" even when it found no
// messages at all, so we count them first, and hold each key to one shape and to being used somewhere, and each
// language to the same keys with the same places to fill. With --complete, as `npm run check` says it, a word that a
// language lacks is a fault; without, so that one can look at a page half made, it is named and said in English.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { base, languages, placesOf, sentencesOf, wordsOf } from './catalogue.mjs';

const messages = wordsOf(base);
const keys = Object.keys(messages);
const problems = [];

if (keys.length === 0) problems.push('messages/en.json holds no messages');

const sources = readdirSync('src', { recursive: true, withFileTypes: true })
  .filter((file) => file.isFile() && /\.(svelte|ts)$/.test(file.name))
  .map((file) => join(file.parentPath, file.name))
  .filter((path) => !path.includes('paraglide'));
const used = new Set();
for (const [path, said] of [...sources.map((path) => [path, /\bm\.([a-z0-9_]+)\(/g]), ['scripts/build.mjs', /\bwords\.([a-z0-9_]+)\b/g]]) {
  for (const [, key] of readFileSync(path, 'utf8').matchAll(said)) {
    used.add(key);
    if (!keys.includes(key)) problems.push(`${path}: ${key} has no words in messages/en.json`);
  }
}
for (const key of keys) {
  if (!/^[a-z][a-z0-9]*(_[a-z0-9]+)*$/.test(key)) problems.push(`${key}: keys are lower_snake_case`);
  if (!used.has(key)) problems.push(`${key}: nobody says these words`);
}

for (const language of languages) {
  const words = wordsOf(language);
  const forms = new Intl.PluralRules(language).resolvedOptions().pluralCategories;
  for (const [key, message] of Object.entries(words)) {
    const at = `${language}: ${key}`;
    if (!keys.includes(key)) {
      problems.push(`${at} is not in en.json`);
      continue;
    }
    if (sentencesOf(message).some((words) => words.trim() === '')) problems.push(`${at} has no words`);
    if (typeof message !== typeof messages[key]) problems.push(`${at} is a plural in one language and none in the other`);
    else if (typeof message !== 'string') {
      const said = Object.keys(message[0].match).map((match) => match.replace('plural=', '')).sort();
      if (said.join() !== [...forms].sort().join()) problems.push(`${at} has ${said.join(', ')}; this language counts by ${forms.join(', ')}`);
    }
    // A name or two may be the same in both; a sentence is a copy.
    if (language !== base && message === messages[key] && (message.replace(/\{\w+\}/g, '').match(/\p{L}+/gu) ?? []).length > 3) problems.push(`${at} is English`);
    // "One letter" need not name its figure, so a plural may leave a place out of some of its sentences.
    if (placesOf(message).join() !== placesOf(messages[key]).join()) problems.push(`${at} fills ${placesOf(message)} where English fills ${placesOf(messages[key])}`);
  }
  const missing = keys.filter((key) => !(key in words));
  if (missing.length > 0) {
    const said = `${language}: ${missing.length} words are still English: ${missing.slice(0, 10).join(', ')}${missing.length > 10 ? ', …' : ''}`;
    if (process.argv.includes('--complete')) problems.push(said);
    else console.log(said);
  }
}

if (problems.length > 0) {
  console.error(problems.join('\n'));
  process.exit(1);
}
console.log(`${keys.length} messages in ${languages.length} languages`);
