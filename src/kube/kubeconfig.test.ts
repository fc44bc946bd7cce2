import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fuzzed } from '../../test/support/fuzz.ts';
import { AppError } from '../base/app-error.ts';
import { kubeconfigPaths, loadKubeconfig, readBounded, selectContext } from './kubeconfig.ts';
import { parseKubeconfig } from './kubeconfig-file.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sallyport-kubeconfig-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function file(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await mkdir(join(path, '..'), { recursive: true });
  await writeFile(path, text);
  return path;
}

const full = `apiVersion: v1
kind: Config
current-context: work
clusters:
- name: prod
  cluster:
    server: https://prod.example:6443
    certificate-authority: pki/ca.crt
    tls-server-name: kubernetes
    proxy-url: socks5://127.0.0.1:1080
    extensions:
    - name: client.authentication.k8s.io/exec
      extension: {audience: prod}
contexts:
- name: work
  context: {cluster: prod, user: alice, namespace: orders}
users:
- name: alice
  user:
    client-certificate: pki/alice.crt
    client-key-data: ${Buffer.from('KEY').toString('base64')}
    tokenFile: token
    as: bob
    as-groups: [admins]
    as-user-extra: {scopes: [a, b]}
    exec:
      apiVersion: client.authentication.k8s.io/v1beta1
      command: ./bin/login
      args: [--for, alice]
      env: [{name: REGION, value: eu}]
      installHint: brew install login
      provideClusterInfo: true
`;

describe('one file', () => {
  it('reads every field and resolves relative paths against the folder of the file', async () => {
    const path = await file('nested/config', full);
    const config = await loadKubeconfig({ flag: path, env: {} });
    const { cluster, user, namespace, userName } = selectContext(config, {});
    expect({ namespace, userName }).toEqual({ namespace: 'orders', userName: 'alice' });
    expect(cluster).toMatchObject({
      server: 'https://prod.example:6443',
      certificateAuthority: { data: undefined, file: join(folder, 'nested/pki/ca.crt') },
      tlsServerName: 'kubernetes',
      proxyUrl: 'socks5://127.0.0.1:1080',
      insecureSkipTlsVerify: false,
      execConfig: { audience: 'prod' },
    });
    expect(user).toMatchObject({
      clientCertificate: { file: join(folder, 'nested/pki/alice.crt') },
      tokenFile: join(folder, 'nested/token'),
      impersonate: { user: 'bob', groups: ['admins'], extra: { scopes: ['a', 'b'] } },
      exec: {
        apiVersion: 'client.authentication.k8s.io/v1beta1',
        command: join(folder, 'nested/bin/login'),
        args: ['--for', 'alice'],
        env: { REGION: 'eu' },
        installHint: 'brew install login',
        provideClusterInfo: true,
        interactiveMode: 'IfAvailable',
      },
    });
    expect(user?.clientKey.data?.reveal()).toBe('KEY');
    expect(JSON.stringify(user)).not.toContain('KEY');
  });

  it('leaves a command without a slash to PATH', async () => {
    const config = await parseKubeconfig('/x/config', full.replace('./bin/login', 'login'));
    expect(config.users.get('alice')?.exec?.command).toBe('login');
  });

  it('reads JSON, YAML anchors, merge keys, YAML 1.1 booleans and the first of several documents', async () => {
    const json = await parseKubeconfig('/x', '{"current-context": "a", "contexts": [{"name": "a"}]}');
    expect(json.currentContext).toBe('a');
    const yaml = await parseKubeconfig(
      '/x',
      'base: &base {server: "https://a"}\nclusters:\n- name: c\n  cluster: {<<: *base, insecure-skip-tls-verify: yes}\n---\ncurrent-context: other\n',
    );
    expect(yaml.clusters.get('c')).toMatchObject({ server: 'https://a', insecureSkipTlsVerify: true });
    expect(yaml.currentContext).toBe('');
  });

  it.each([
    ['a list', '[]', 'it is not a mapping'],
    ['another kind', 'kind: Pod', 'kind is not Config'],
    ['a number for text', 'users: [{name: a, user: {token: 123456}}]', 'users[0].user.token is not text'],
    ['bad base64', 'clusters: [{name: a, cluster: {certificate-authority-data: "%%%"}}]', 'is not base64'],
    ['a name twice', 'users: [{name: a, user: {}}, {name: a, user: {}}]', 'users[1].name occurs twice'],
    ['exec without interactiveMode', exec('v1', 'command: a'), 'interactiveMode is not one of'],
    ['exec v1alpha1', exec('v1alpha1', 'command: a'), 'apiVersion is not one of'],
    ['exec without command', exec('v1beta1', ''), 'command is missing'],
    ['broken YAML', 'users:\n  - name: "top-secret', 'YAML error MISSING_CHAR in line 2'],
    ['an unknown alias', 'users: *top-secret', 'cannot be expanded'],
  ])('refuses %s, naming the place and no value', async (_what, text, message) => {
    const error = await parseKubeconfig('/x/config', text).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'SP-KUBECONFIG-INVALID', details: { path: '/x/config' } });
    expect((error as AppError).message).toContain(message);
    expect((error as AppError).message).not.toMatch(/top-secret|123456/);
  });

  function exec(version: string, more: string): string {
    return `users:\n- name: a\n  user:\n    exec:\n      apiVersion: client.authentication.k8s.io/${version}\n      ${more}\n`;
  }

  it('never throws anything but an AppError, whatever the text', async () => {
    const onlyAppError = async (text: string) => {
      const error = await parseKubeconfig('/x/config', text).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      if (error !== undefined) expect(error).toBeInstanceOf(AppError);
    };
    const mutated = fc
      .tuple(fc.nat(full.length), fc.nat(20), fc.string({ maxLength: 6, unit: 'grapheme' }))
      .map(([at, removed, added]) => full.slice(0, at) + added + full.slice(at + removed));
    const shaped = fc
      .dictionary(fc.constantFrom('clusters', 'users', 'contexts', 'kind', 'current-context'), fc.jsonValue())
      .map((value) => JSON.stringify(value));
    await fc.assert(fc.asyncProperty(fc.oneof(mutated, shaped, fc.string()), onlyAppError), fuzzed(1500));
  });

  it('does not expand aliases without end', async () => {
    const levels = Array.from({ length: 9 }, (_, n) => `l${n + 1}: &l${n + 1} [${`*l${n},`.repeat(9)}]`);
    const bomb = ['l0: &l0 [x]', ...levels, 'users: *l9'].join('\n');
    await expect(parseKubeconfig('/x', bomb)).rejects.toMatchObject({ code: 'SP-KUBECONFIG-INVALID' });
  });
});

describe('which files', () => {
  it('takes --kubeconfig alone, then KUBECONFIG, then the home folder', () => {
    const env = { KUBECONFIG: ['/a', '', '/b', '/a'].join(delimiter), HOME: '/home/me' };
    expect(kubeconfigPaths({ flag: '/flag', env }).paths).toEqual(['/flag']);
    expect(kubeconfigPaths({ env }).paths).toEqual(['/a', '/b']);
    expect(kubeconfigPaths({ env: { ...env, KUBECONFIG: '' } }).paths).toEqual(['/home/me/.kube/config']);
  });

  it('lets the first file win per entry and for the current context, and skips missing files', async () => {
    const first = await file(
      'a',
      'users: [{name: u, user: {token: first}}]\ncontexts: [{name: x, context: {}}]',
    );
    const second = await file(
      'b/config',
      'current-context: x\nusers: [{name: u, user: {token: second, username: mixed}}, {name: v, user: {tokenFile: t}}]\ncontexts: [{name: y, context: {}}]',
    );
    const third = await file('c', 'current-context: y');
    const env = { KUBECONFIG: [join(folder, 'absent'), first, second, third].join(delimiter) };
    const config = await loadKubeconfig({ env });
    expect(config.currentContext).toBe('x');
    expect(config.users.get('u')?.token?.reveal()).toBe('first');
    expect(config.users.get('u')?.username).toBeUndefined();
    expect(config.users.get('v')?.tokenFile).toBe(join(folder, 'b/t'));
    expect([...config.contexts.keys()].sort()).toEqual(['x', 'y']);
  });

  it('says when there is none, and never falls back from --kubeconfig', async () => {
    const missing = join(folder, 'absent');
    const there = await file('there', full);
    await expect(loadKubeconfig({ env: { KUBECONFIG: missing } })).rejects.toMatchObject({
      code: 'SP-KUBECONFIG-MISSING',
      details: { path: missing },
    });
    await expect(loadKubeconfig({ flag: missing, env: { KUBECONFIG: there } })).rejects.toMatchObject({
      code: 'SP-KUBECONFIG-MISSING',
    });
  });

  it('refuses a folder and a file beyond its bound', async () => {
    await expect(loadKubeconfig({ flag: folder, env: {} })).rejects.toMatchObject({
      code: 'SP-KUBECONFIG-INVALID',
      details: { message: 'it cannot be read (EISDIR)' },
    });
    const path = await file('large', 'x'.repeat(200_000));
    expect(await readBounded(path, 200_000)).toHaveLength(200_000);
    await expect(readBounded(path, 199_999)).rejects.toMatchObject({ code: 'SP-KUBECONFIG-INVALID' });
  });
});

describe('which context', () => {
  it('takes --context and --namespace over what is current', async () => {
    const config = await parseKubeconfig('/x', full.replace('current-context: work\n', ''));
    expect(selectContext(config, { context: 'work' }).namespace).toBe('orders');
    expect(selectContext(config, { context: 'work', namespace: 'other' }).namespace).toBe('other');
    expect(() => selectContext(config, {})).toThrow('no context (none is current)');
    expect(() => selectContext(config, { context: 'home' })).toThrow('no context home');
  });

  it('defaults the namespace, lets a context be anonymous, and refuses names that lead nowhere', async () => {
    const parse = (context: string) =>
      parseKubeconfig('/x', `clusters: [{name: c, cluster: {}}]\ncontexts: [{name: x, context: ${context}}]`);
    const anonymous = selectContext(await parse('{cluster: c}'), { context: 'x' });
    expect(anonymous).toMatchObject({ namespace: 'default', user: undefined });
    const unknownUser = await parse('{cluster: c, user: u}');
    expect(() => selectContext(unknownUser, { context: 'x' })).toThrow('names a user that is not there: u');
    const unknownCluster = await parse('{cluster: d}');
    expect(() => selectContext(unknownCluster, { context: 'x' })).toThrow(
      'names a cluster that is not there: d',
    );
  });
});
