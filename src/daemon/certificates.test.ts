import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AppError } from '../base/app-error.ts';
import { silentLog } from '../base/log.ts';
import { adHocSchema } from '../contract/control-tunnel.ts';
import type { Profile } from '../contract/profile.ts';
import type { KubeRequest } from '../kube/kube-api.ts';
import { issueCertificates } from '../sandbox/certificates.ts';
import { Certificates, type CertificatesOptions } from './certificates.ts';
import type { ClusterLease } from './cluster-pool.ts';
import { adHocDefinition, type TunnelDefinition } from './tunnel-definition.ts';

type Source = NonNullable<NonNullable<Profile['connection']>['certificate']>;

const authority = issueCertificates(['db']);
const { cert, key } = authority.issueClient({ user: 'app' });
const other = authority.issueClient({ user: 'app' });
const { signal } = new AbortController();

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'certificates-'));
});
afterEach(() => rm(home, { recursive: true, force: true }));

function definition(certificate: Source, sourceKind?: 'user' | 'folder'): TunnelDefinition {
  const adHoc = {
    name: 'db',
    target: 'sts/db/0',
    port: 5432,
    namespace: 'data',
    connection: { certificate },
  };
  const made = adHocDefinition(adHoc, {});
  return sourceKind ? { ...made, origin: { kind: 'profile', source: sourceKind, sourceKind } } : made;
}

/** What is read of a cluster whose Secrets all hold `data`, and what is on record of it. */
function reading(data: Readonly<Record<string, string>> = {}) {
  const paths: string[] = [];
  const records: object[] = [];
  const api = {
    request: async ({ path }: KubeRequest) => {
      paths.push(path);
      const encoded = Object.entries(data).map(([name, text]) => [
        name,
        Buffer.from(text).toString('base64'),
      ]);
      return { data: Object.fromEntries(encoded) };
    },
  };
  let isLent = false;
  const certificates = new Certificates({
    log: silentLog,
    home,
    contextOf: async () => ({ context: 'prod' }) as never,
    clusters: {
      lease: async () => {
        isLent = true;
        return {
          api,
          [Symbol.dispose]() {
            isLent = false;
          },
        } as unknown as ClusterLease;
      },
    } satisfies CertificatesOptions['clusters'],
    onRead: (_definition, secret, error) =>
      void records.push({ ...secret, ...(error && { error: error.code }) }),
  });
  const read = async (...of: Parameters<typeof definition>) => {
    const found = await certificates.client(definition(...of), signal);
    return found && { chain: found.chain, key: found.key.reveal(), shown: JSON.stringify(found.key) };
  };
  return { read, paths, records, isLent: () => isLent };
}

describe('a client certificate in a Secret', () => {
  it('has the keys of kubernetes.io/tls, and is on record', async () => {
    const { read, paths, records, isLent } = reading({ 'tls.crt': cert, 'tls.key': key });
    expect(await read({ secret: { name: 'app-tls' } })).toEqual({ chain: cert, key, shown: '"[secret]"' });
    expect(paths).toEqual(['/api/v1/namespaces/data/secrets/app-tls']);
    expect(records).toEqual([{ kind: 'kubernetes', namespace: 'data', name: 'app-tls', key: 'tls.key' }]);
    expect(isLent()).toBe(false);
  });

  it('or those that the profile names', async () => {
    const { read } = reading({ crt: cert, pem: key, 'tls.crt': 'x', 'tls.key': 'x' });
    const found = await read({ secret: { name: 'app-tls', certificate: 'crt', key: 'pem' } });
    expect(found).toMatchObject({ chain: cert, key });
  });

  it.each([
    ['has no key', { 'tls.crt': cert }, 'tls.key', /nothing/],
    ['holds no certificate', { 'tls.crt': key, 'tls.key': key }, 'tls.crt', /no PEM certificate/],
    ['holds no private key', { 'tls.crt': cert, 'tls.key': cert }, 'tls.key', /no PEM private key/],
    [
      'holds the key of another',
      { 'tls.crt': cert, 'tls.key': other.key },
      'tls.key',
      /of another certificate/,
    ],
  ])('is refused where it %s, without a word of what it holds', async (_what, data, at, words) => {
    const { read, records } = reading(data);
    const error: AppError = await read({ secret: { name: 'app-tls' } }).then(
      () => expect.unreachable(),
      (thrown) => thrown,
    );
    expect(error).toMatchObject({ code: 'SP-SECRET-KEY', details: { key: at } });
    expect(error.details.message).toMatch(words);
    expect(error.cause).toBeUndefined();
    expect(JSON.stringify(error.toData())).not.toContain('-----BEGIN');
    expect(records).toMatchObject([{ name: 'app-tls', error: 'SP-SECRET-KEY' }]);
  });
});

describe('a client certificate in files', () => {
  const files = { files: { certificate: '~/app.crt', key: '~/app.key' } };

  beforeEach(async () => {
    await writeFile(join(home, 'app.crt'), cert);
    await writeFile(join(home, 'app.key'), key, { mode: 0o600 });
  });

  it('is for profiles of the own file alone', async () => {
    const { read, records } = reading();
    expect(await read(files, 'user')).toMatchObject({ chain: cert, key });
    expect(records).toEqual([{ kind: 'file', path: join(home, 'app.key') }]);
    for (const sourceKind of ['folder', undefined] as const)
      await expect(read(files, sourceKind)).rejects.toMatchObject({ code: 'SP-PROFILE-INVALID' });
    const adHoc = { name: 'db', target: 'sts/db/0', port: 5432, connection: { certificate: files } };
    expect(adHocSchema.safeParse(adHoc).success).toBe(false);
    expect(
      adHocSchema.safeParse({ ...adHoc, connection: { certificate: { secret: { name: 'x' } } } }).success,
    ).toBe(true);
  });

  it('is refused where others may read the key', async () => {
    await chmod(join(home, 'app.key'), 0o644);
    await expect(reading().read(files, 'user')).rejects.toMatchObject({
      code: 'SP-DB-TLS',
      details: { message: `${join(home, 'app.key')} may be read by others: chmod 600 takes that from them` },
    });
  });

  it('is refused where the key is that of another', async () => {
    await writeFile(join(home, 'app.key'), other.key);
    await expect(reading().read(files, 'user')).rejects.toMatchObject({
      code: 'SP-DB-TLS',
      details: { message: `${join(home, 'app.key')} holds the private key of another certificate` },
    });
  });
});

it('reads nothing for a profile that names none, or may not start', async () => {
  const { read, paths } = reading();
  expect(await read(undefined as never)).toBeUndefined();
  const certificates = new Certificates({
    log: silentLog,
    home,
    contextOf: () => expect.unreachable(),
    clusters: { lease: () => expect.unreachable() },
  });
  const refused = {
    ...definition({ secret: { name: 'app-tls' } }),
    problem: { code: 'SP-PROFILE-UNTRUSTED', details: {} } as const,
  };
  await expect(certificates.client(refused, signal)).rejects.toThrow(AppError);
  expect(paths).toEqual([]);
});
