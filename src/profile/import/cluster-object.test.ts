import { describe, expect, it } from 'vitest';
import { type ClusterObject, clusterObjectSchema } from '../../contract/control-objects.ts';
import { profileNameSchema, profileSchema } from '../../contract/profile.ts';
import { type PickOptions, profileFromObject, suggestPort } from './cluster-object.ts';

const cluster = { server: 'https://api.example.com' };
const pg = { port: 5432, name: 'pg', protocol: 'TCP', kind: 'postgres' } as const;
const metrics = { port: 9187, name: 'metrics', protocol: 'TCP', kind: 'http' } as const;

const object = (given: Partial<ClusterObject>): ClusterObject =>
  clusterObjectSchema.parse({
    kind: 'Service',
    namespace: 'shop',
    name: 'orders',
    ports: [],
    images: [],
    ...given,
  } satisfies ClusterObject);

const pick = (given: Partial<ClusterObject>, options: Partial<PickOptions> = {}) => {
  const picked = profileFromObject(object(given), { cluster, ...options });
  expect(profileNameSchema.safeParse(picked.name).error).toBeUndefined();
  expect(profileSchema.safeParse(picked.profile).error).toBeUndefined();
  return picked;
};

describe('profileFromObject', () => {
  it("takes a database's port before those beside it, and names the others", () => {
    expect(pick({ ports: [metrics, pg, { port: 53, name: 'dns', protocol: 'UDP' }] })).toEqual({
      name: 'orders',
      profile: { cluster, namespace: 'shop', target: 'service/orders', port: 'pg', kind: 'postgres' },
      remotePort: 5432,
      notCarried: [
        {
          what: 'port metrics 9187',
          reason: 'a profile has one port; --port metrics takes this one',
        },
        { what: 'port dns 53', reason: 'it is UDP, which Kubernetes does not forward' },
      ],
    });
  });

  it.each([
    [9187, 'metrics'],
    ['metrics', 'metrics'],
    ['pg', 'pg'],
  ])('takes port %s where it is asked for', (port, expected) => {
    expect(pick({ ports: [pg, metrics] }, { port }).profile.port).toBe(expected);
  });

  it.each([
    [{ operator: 'CloudNativePG', cluster: 'orders' }, true],
    [{ operator: 'Crunchy', cluster: 'hippo' }, true],
    [{ operator: 'Zalando', cluster: 'orders' }, true],
    [{ operator: 'StackGres', cluster: 'orders' }, false],
  ] as const)(
    "has the Secret that %j keeps for the application found, and no superuser's",
    (database, has) => {
      const connection = has ? { password: { secret: 'auto' } } : undefined;
      expect(pick({ ports: [pg], database }).profile.connection).toEqual(connection);
      expect(pick({ ports: [metrics], database }).profile.connection).toBeUndefined();
    },
  );

  it('names a pod of a StatefulSet only when asked to', () => {
    const set: Partial<ClusterObject> = { kind: 'StatefulSet', ports: [pg] };
    expect(pick(set).profile.target).toBe('statefulset/orders');
    expect(pick(set, { ordinal: 0 }).profile.target).toBe('statefulset/orders/0');
  });

  it('takes the usual port of what the image is, where a StatefulSet declares none', () => {
    expect(pick({ kind: 'StatefulSet', guess: 'redis' })).toMatchObject({
      profile: { port: 6379, kind: 'redis' },
      remotePort: 6379,
    });
    expect(pick({ kind: 'StatefulSet' }, { port: 3306 }).profile).toMatchObject({
      port: 3306,
      kind: 'mysql',
    });
  });

  it.each<[Partial<ClusterObject>, Partial<PickOptions>, string]>([
    [{ withoutPods: 'external-name' }, {}, 'service/orders is of type ExternalName'],
    [{ withoutPods: 'no-selector', ports: [pg] }, {}, 'service/orders has no selector'],
    [{}, {}, 'service/orders declares no port'],
    [{ kind: 'StatefulSet' }, {}, 'statefulset/orders declares no port'],
    [{ ports: [{ port: 53, protocol: 'UDP' }] }, {}, 'its ports are UDP'],
    [{ ports: [pg] }, { port: 5433 }, 'service/orders has no TCP port 5433'],
    [{ kind: 'StatefulSet', ports: [pg] }, { port: 'sql' }, 'statefulset/orders has no TCP port sql'],
  ])('%j with %j cannot be', (given, options, message) => {
    expect(() => pick(given, options)).toThrow(
      expect.objectContaining({ code: 'SP-IMPORT', message: expect.stringContaining(message) }),
    );
  });
});

it('suggestPort takes one that is easy to remember and free', () => {
  const taken = new Set([15432, 15433, 60_000]);
  const isTaken = (port: number) => taken.has(port);
  expect([5432, 6379, 60_000].map((port) => suggestPort(port, isTaken))).toEqual([15434, 16379, 60_001]);
});
