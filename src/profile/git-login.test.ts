import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { issueCertificates } from '../sandbox/certificates.ts';
import { splitGitAddress } from './git-login.ts';
import { GitSource } from './git-source.ts';

it.each([
  ['https://me:p%40ss@git.example.com:8443/a.git', 'https://git.example.com:8443/a.git', ['me', 'p@ss']],
  ['https://:token@git.example.com/a', 'https://git.example.com/a', ['', 'token']],
  ['https://me:100%@git.example.com/a', 'https://git.example.com/a', ['me', '100%']],
  ['https://me@git.example.com/a', 'https://me@git.example.com/a', undefined],
  ['git@git.example.com:a/b', 'git@git.example.com:a/b', undefined],
  ['ssh://git@git.example.com/a:b', 'ssh://git@git.example.com/a:b', undefined],
])('takes the login out of %s', (git, address, expected) => {
  const { login, ...rest } = splitGitAddress(git);
  expect(rest).toEqual({ address });
  expect(login && [login.user, login.password.reveal()]).toEqual(expected);
});

it('gives the password to the server of the address alone', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'git-login-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const { server: identity } = issueCertificates(['127.0.0.1']);
  const listening = async (answer: (request: IncomingMessage, response: ServerResponse) => void) => {
    const server = createServer({ cert: identity.cert, key: identity.key }, answer).listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    return (server.address() as AddressInfo).port;
  };
  const given: string[] = [];
  const asks = { 'www-authenticate': 'Basic realm="git"' };
  const other = await listening(({ headers: { authorization } }, response) => {
    given.push(`other: ${authorization}`);
    response.writeHead(401, asks).end();
  });
  const port = await listening(({ headers: { authorization }, url }, response) => {
    given.push(`own: ${authorization}`);
    if (!authorization) response.writeHead(401, asks).end();
    else response.writeHead(302, { location: `https://127.0.0.1:${other}${url}` }).end();
  });
  const team = new GitSource({
    name: 'team',
    settings: { git: `https://me:hunter%2F2@127.0.0.1:${port}/x.git` },
    cache: join(folder, 'cache'),
    clock: new FakeClock(),
    environment: {
      PATH: process.env.PATH,
      HOME: folder,
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_SSL_NO_VERIFY: '1',
    },
  });
  await expect(team.pull()).rejects.toMatchObject({ code: 'SP-PROFILE-SOURCE' });
  const login = `Basic ${Buffer.from('me:hunter/2').toString('base64')}`;
  expect(given).toEqual(['own: undefined', `own: ${login}`, 'other: undefined']);
});
