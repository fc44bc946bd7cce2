import { describe, expect, it } from 'vitest';
import { AppError } from '../base/app-error.ts';
import type { KubeRequest } from '../kube/kube-api.ts';
import { readSecretPassword } from './secret-password.ts';

const { signal } = new AbortController();
const place = { namespace: 'data', name: 'orders-app', key: 'password' };

function answering(answer: unknown) {
  const requests: KubeRequest[] = [];
  const request = async <T>(given: KubeRequest): Promise<T> => {
    requests.push(given);
    if (answer instanceof Error) throw answer;
    return answer as T;
  };
  return { requests, request };
}

const base64 = (text: string) => Buffer.from(text).toString('base64');
const read = async (answer: unknown, of = place) => {
  const { password, user } = await readSecretPassword(answering(answer), of, signal);
  return { password: password.reveal(), user };
};

it('asks for that Secret alone, and no more of it than a Secret has', async () => {
  const api = answering({ data: { password: base64('pw') } });
  await readSecretPassword(api, place, signal);
  expect(api.requests).toMatchObject([
    { path: '/api/v1/namespaces/data/secrets/orders-app', maxAnswerBytes: 4 * 1024 * 1024 },
  ]);
});

it('gives the password to the byte, as a pod gets it', async () => {
  for (const text of ['pw\n', ' pw ', '\uFEFFpw', 'pässwörd'])
    expect((await read({ data: { password: base64(text) } })).password).toBe(text);
});

it.each([
  [{ username: 'app' }, 'app'],
  [{ user: 'app' }, 'app'],
  [{ username: 'first', user: 'second' }, 'first'],
  [{ username: 'a\nb' }, undefined],
  [{ username: '' }, undefined],
  [{}, undefined],
])('takes for the user of %o: %s', async (texts, user) => {
  const data = Object.fromEntries(Object.entries(texts).map(([key, text]) => [key, base64(text)]));
  expect((await read({ data: { ...data, password: base64('pw') } })).user).toBe(user);
});

describe('an answer without a password', () => {
  it.each([
    [undefined],
    [null],
    [[]],
    [{}],
    [{ data: null }],
    [{ data: 'password' }],
    [{ data: { password: 1 } }],
    [{ data: { password: { toString: 'x' } } }],
  ])('is no password: %o', async (answer) => {
    await expect(read(answer)).rejects.toMatchObject({ code: 'SP-SECRET-KEY' });
  });

  it('has its keys told, twenty of them', async () => {
    const data = Object.fromEntries(
      Array.from({ length: 25 }, (_, number) => [`key-${number}`, base64('x')]),
    );
    const error = await read({ data }).catch((thrown) => thrown);
    expect(error.details.known).toMatch(/^key-0, .*, key-19, and 5 more$/);
  });
});

it('passes on what has nothing to do with the Secret', async () => {
  const error = new AppError('SP-LOGIN-REQUIRED', { user: 'dev' });
  await expect(read(error)).rejects.toBe(error);
});

it('takes user and database out of a connection string, and the user beside it where it names none', async () => {
  const data = {
    url: base64('postgres://app:pw@db/orders'),
    bare: base64('postgres://:pw@db'),
    user: base64('b'),
  };
  const at = (key: string) => readSecretPassword(answering({ data }), { ...place, key }, signal);
  expect(await at('url')).toMatchObject({ user: 'app', database: 'orders', host: 'db' });
  expect(await at('bare')).toMatchObject({ user: 'b' });
  const without = answering({ data: { password: base64('postgres://app@db/orders') } });
  await expect(readSecretPassword(without, place, signal)).rejects.toMatchObject({
    code: 'SP-SECRET-KEY',
    details: { message: 'a connection string without a password' },
  });
});

it('reads a ConfigMap as it is', async () => {
  const api = answering({ data: { url: 'jdbc:postgresql://db/orders?user=app&password=pw' } });
  const at = { kind: 'ConfigMap', namespace: 'data', name: 'orders', key: 'url' } as const;
  expect((await readSecretPassword(api, at, signal)).password.reveal()).toBe('pw');
  expect(api.requests[0]?.path).toBe('/api/v1/namespaces/data/configmaps/orders');
  const absent = answering(new AppError('SP-TARGET-NOT-FOUND', {}));
  const error = await readSecretPassword(absent, at, signal).catch((thrown) => thrown);
  expect(error.message).toContain('the ConfigMap orders does not exist');
});
