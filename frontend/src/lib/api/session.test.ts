import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { withSession } from './client.ts';
import { Form } from './form.svelte.ts';

const { goto } = vi.hoisted(() => ({ goto: vi.fn(async (_href: string) => {}) }));
vi.mock('$app/navigation', () => ({ goto }));

/** Answers by path, in turn; what was asked is kept. */
function server(answers: Record<string, number[]>, code?: string) {
  const asked: string[] = [];
  vi.stubGlobal('fetch', async (request: Request | string) => {
    const path = typeof request === 'string' ? request : new URL(request.url).pathname;
    asked.push(path);
    return new Response(code ? JSON.stringify({ code }) : null, { status: answers[path]?.shift() ?? 500 });
  });
  return asked;
}

beforeEach(() => {
  vi.stubGlobal('location', { pathname: '/diary', search: '?day=2' });
  vi.stubGlobal('navigator', {});
});
afterEach(() => {
  vi.unstubAllGlobals();
  goto.mockClear();
});

const ask = (path = '/api/diary') => withSession(new Request(`http://bank.example${path}`));

test('a session that has run out is renewed once, and the call made again', async () => {
  const asked = server({ '/api/diary': [401, 200], '/api/session/renew': [204] });
  expect((await ask()).status).toBe(200);
  expect(asked).toEqual(['/api/diary', '/api/session/renew', '/api/diary']);
  expect(goto).not.toHaveBeenCalled();
});

test('when that fails the sign-in page follows, with the way back', async () => {
  const asked = server({ '/api/diary': [401], '/api/session/renew': [401] });
  expect((await ask()).status).toBe(401);
  expect(asked).toEqual(['/api/diary', '/api/session/renew']);
  expect(goto).toHaveBeenCalledWith('/sign-in?back=%2Fdiary%3Fday%3D2');
});

test('a session that needs more proof is not renewed: its person is told why', async () => {
  for (const [code, why] of [['second-step', 'second'], ['sign-in-again', 'again']]) {
    const asked = server({ '/api/diary': [401] }, code);
    await ask();
    expect(asked).toEqual(['/api/diary']);
    expect(goto).toHaveBeenCalledWith(`/sign-in?back=%2Fdiary%3Fday%3D2&why=${why}`);
  }
});

test('who needs a second step for their work is led to where they set it up', async () => {
  server({ '/api/diary': [403] }, 'second-factor-needed');
  expect((await ask()).status).toBe(403);
  expect(goto).toHaveBeenCalledWith('/me/security');
});

test('two calls at once renew once', async () => {
  const asked = server({ '/api/diary': [401, 401, 200, 200], '/api/session/renew': [204] });
  await Promise.all([ask(), ask()]);
  expect(asked.filter((path) => path === '/api/session/renew')).toHaveLength(1);
});

test('a wrong code at sign-in is no ended session', async () => {
  const asked = server({ '/api/session/code': [401] });
  await ask('/api/session/code');
  expect(asked).toEqual(['/api/session/code']);
});

// Forms -------------------------------------------------------------------------------------------------

const answer = (status: number, error?: unknown) => async () => ({ error, response: new Response(null, { status }) });

/** Sends, and tells under which key. */
async function keyOf(form: Form<{ note: string }>, send: () => Promise<{ error?: unknown; response: Response }>) {
  let key = '';
  await form.submit((_, headers) => {
    key = headers['Idempotency-Key'];
    return send();
  });
  return key;
}

test('the key stays while no definite answer has come, so nothing is recorded twice', async () => {
  const form = new Form('keys', () => ({ note: '' }));
  const first = await keyOf(form, () => Promise.reject(new TypeError('no answer')));
  expect(form.errors[0]?.message).toMatch(/could not reach/);
  expect(await keyOf(form, answer(503))).toBe(first);
  expect(await keyOf(form, answer(401))).toBe(first);
  expect(await keyOf(form, answer(422))).toBe(first);
  const second = await keyOf(form, answer(201));
  expect(second).not.toBe(first);
  expect(await keyOf(form, answer(201))).not.toBe(second);
});

test('what was typed survives every refusal and goes once it is stored', async () => {
  const form = new Form('typed', () => ({ note: '' }));
  form.values.note = 'Edna likes her tea strong';
  await form.submit(answer(422, { code: 'check-answers', errors: [{ pointer: '/note', code: 'long', message: 'Shorter, please' }] }));
  expect(form.error('note')).toBe('Shorter, please');
  expect(form.values.note).toBe('Edna likes her tea strong');
  expect(await form.submit(answer(204))).toBe(true);
  expect(form.values.note).toBe('');
  expect(form.failed).toBe(false);
});
