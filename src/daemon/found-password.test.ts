import { expect, it } from 'vitest';
import { AppError } from '../base/app-error.ts';
import type { Resolution } from '../contract/resolution.ts';
import type { KubeRequest } from '../kube/kube-api.ts';
import { PasswordFinder } from './found-password.ts';
import { adHocDefinition } from './tunnel-definition.ts';

const { signal } = new AbortController();
const definition = adHocDefinition(
  {
    name: 'db',
    namespace: 'data',
    target: 'statefulset/orders/0',
    port: 5432,
    kind: 'postgres',
    connection: { password: { secret: 'auto' } },
  },
  {},
);
const suffix = '.orders.credentials.postgresql.acid.zalan.do';
const base64 = (text: string) => Buffer.from(text).toString('base64');
const pods = '/api/v1/namespaces/data/pods/';
const secrets = '/api/v1/namespaces/data/secrets';
const listed = `${secrets}?labelSelector=application%3Dspilo%2Ccluster-name%3Dorders&limit=500`;

const here: Resolution = {
  kind: 'pod',
  pod: { namespace: 'data', name: 'orders-0', uid: 'u', restarts: 0, ready: true, hostNetwork: false },
  port: 5432,
  serving: true,
};
const away: Resolution = {
  kind: 'none',
  reason: { code: 'SP-POD-NOT-READY', details: { why: 'it starts' } },
};

/** A cluster that answers by path; an AppError is thrown, what is not named is not found. */
function cluster(answers: Record<string, unknown>) {
  const requests: KubeRequest[] = [];
  const world = { resolution: here as Resolution };
  const request = async (asked: KubeRequest): Promise<never> => {
    requests.push(asked);
    const answer = answers[asked.path];
    if (answer instanceof AppError) throw answer;
    if (answer === undefined) throw new AppError('SP-TARGET-NOT-FOUND', {});
    return answer as never;
  };
  const lease = {
    api: { key: 'cluster', namespace: 'default', request },
    engine: { resolveOnce: async () => world.resolution },
  } as unknown as Parameters<PasswordFinder['find']>[1];
  return { lease, requests, world };
}

const zalando = {
  [`${pods}orders-0`]: { metadata: { labels: { application: 'spilo', 'cluster-name': 'orders' } } },
  [listed]: { items: [{ metadata: { name: `shop${suffix}` } }, { metadata: { name: `postgres${suffix}` } }] },
  [`${secrets}/shop${suffix}`]: { data: { username: base64('shop'), password: base64('pw') } },
};

it('reads the one Secret that the pod leads to, and of the others the names alone', async () => {
  const { lease, requests } = cluster(zalando);
  const { user, password, layout } = await new PasswordFinder().find(definition, lease, signal);
  expect([layout, user, password.reveal()]).toEqual(['Zalando', 'shop', 'pw']);
  expect(requests.map(({ path }) => path)).toEqual(Object.keys(zalando));
  expect(requests[1]?.headers?.Accept).toBe(
    'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1',
  );
});

it('looks beforehand without reading what a Secret holds', async () => {
  const { lease, requests } = cluster(zalando);
  expect(await new PasswordFinder().locate(definition, lease, signal)).toMatchObject({
    secret: `shop${suffix}`,
    superuser: false,
  });
  expect(requests.at(-1)?.headers?.Accept).toContain('as=PartialObjectMetadata;');
});

it('remembers in an outage what the pod told, and else says why there is none', async () => {
  const { lease, world } = cluster(zalando);
  const finder = new PasswordFinder();
  world.resolution = away;
  await expect(finder.find(definition, lease, signal)).rejects.toMatchObject({ code: 'SP-POD-NOT-READY' });
  world.resolution = here;
  await finder.find(definition, lease, signal);
  world.resolution = away;
  expect((await finder.find(definition, lease, signal)).user).toBe('shop');
});

it('says what may not be listed, and how to do without', async () => {
  const forbidden = new AppError('SP-FORBIDDEN', { verb: 'list', resource: 'secrets' });
  const { lease } = cluster({ ...zalando, [listed]: forbidden });
  await expect(new PasswordFinder().find(definition, lease, signal)).rejects.toMatchObject({
    code: 'SP-FORBIDDEN',
    details: { next: expect.stringMatching(/connection\.user.*verbs: \["list"\]/) },
  });
});

it('says for which target nothing was found', async () => {
  const { lease } = cluster({ [`${pods}orders-0`]: { metadata: {} } });
  await expect(new PasswordFinder().find(definition, lease, signal)).rejects.toMatchObject({
    code: 'SP-SECRET-NONE',
    details: { target: 'statefulset/orders/0' },
  });
  const gone = cluster({ ...zalando, [listed]: { items: [] } });
  await expect(new PasswordFinder().find(definition, gone.lease, signal)).rejects.toMatchObject({
    code: 'SP-SECRET-NONE',
    details: { target: 'statefulset/orders/0', looked: `postgres${suffix}` },
  });
});
