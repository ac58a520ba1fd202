// The words of every language. English is the one that screens are written in; a word that another language does not
// have yet is said in English there, until `npm run check` refuses it.
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export const base = 'en';
export const languages = readdirSync('messages')
  .map((name) => name.replace('.json', ''))
  .sort((one, two) => Number(two === base) - Number(one === base) || one.localeCompare(two));

/** @param {string} language @returns {Record<string, any>} */
export function wordsOf(language) {
  const { $schema, ...words } = JSON.parse(readFileSync(join('messages', `${language}.json`), 'utf8'));
  return words;
}

/** Every sentence of one message: one, or one for each plural. @returns {string[]} */
export function sentencesOf(message) {
  return typeof message === 'string' ? [message] : message.flatMap(({ match }) => Object.values(match));
}

/** The names in braces, each once, in order of the alphabet. @returns {string[]} */
export function placesOf(message) {
  return [...new Set(sentencesOf(message).flatMap((words) => [...words.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)))].sort();
}

/** A language with six forms often has two sentences: the one that most forms share need stand there only once. */
function fewer(message) {
  if (typeof message === 'string') return message;
  return message.map((variant) => {
    const said = Object.values(variant.match);
    const common = said.reduce((one, other) => (said.filter((each) => each === other).length > said.filter((each) => each === one).length ? other : one));
    const rest = Object.entries(variant.match).filter(([, words]) => words !== common);
    const selector = variant.selectors[0];
    return said.length - rest.length > 1 ? { ...variant, match: { ...Object.fromEntries(rest), [`${selector}=*`]: common } } : variant;
  });
}

/** Writes a project of one language only, so that nobody fetches the words of another. @returns {string} its folder */
export function projectOf(language, root = '.words') {
  const folder = join(root, language, 'project.inlang');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(root, language, `${language}.json`), JSON.stringify(Object.fromEntries(Object.entries({ ...wordsOf(base), ...wordsOf(language) }).map(([key, message]) => [key, fewer(message)]))));
  const settings = JSON.parse(readFileSync('project.inlang/settings.json', 'utf8'));
  settings.baseLocale = language;
  settings.locales = [language];
  settings.modules = settings.modules.map((module) => join(process.cwd(), module));
  settings['plugin.inlang.messageFormat'].pathPattern = join(process.cwd(), root, language, '{locale}.json');
  writeFileSync(join(folder, 'settings.json'), JSON.stringify(settings));
  return folder;
}
