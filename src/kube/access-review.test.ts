import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { FakeKubeApi } from '../../test/support/fake-kube-api.ts';
import { AppError } from '../base/app-error.ts';
import { type AccessReviewOptions, reviewAccess } from './access-review.ts';
import { explainForbidden, isOutdated } from './access-review-explain.ts';
import type { AccessRule } from './access-review-role.ts';

interface Attributes {
  readonly namespace: string;
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource?: string;
  readonly name?: string;
}

/** An API server that grants what `granted` lists, as `create pods/portforward postgres-0`. */
function setUp({ granted = [] as readonly string[], minor = '36', user = 'dev@example.com' } = {}) {
  const api = new FakeKubeApi(new FakeClock());
  api.answers.set('/version', { major: '1', minor });
  const userInfo = { username: user, groups: ['developers'] };
  api.posts.set('selfsubjectreviews', () => ({ status: { userInfo } }));
  const asked: string[] = [];
  api.posts.set('selfsubjectaccessreviews', (body) => {
    const { spec } = body as { spec: { resourceAttributes: Attributes } };
    const { verb, resource, subresource, name, namespace, group } = spec.resourceAttributes;
    expect(namespace).toBe('db');
    const full = [resource, subresource].filter(Boolean).join('/') + (group && `.${group}`);
    asked.push([verb, full, name].filter(Boolean).join(' '));
    const allowed = granted.includes(asked.at(-1)!) || granted.includes(`${verb} ${full}`);
    return { status: { allowed } };
  });
  const review = (options: Partial<AccessReviewOptions> = {}) =>
    reviewAccess(api, {
      namespace: 'db',
      target: { kind: 'pod', name: 'postgres-0' },
      carriers: ['spdy'],
      ...options,
    });
  return { api, asked, review };
}

const everythingTo = (verb: string) =>
  ['pods/portforward', 'pods', 'secrets', 'deployments.apps'].map((resource) => `${verb} ${resource}`);

const brief = (rules: readonly AccessRule[]) =>
  rules.map(({ verb, resource, name }) => [verb, resource, name].filter(Boolean).join(' '));

describe('the review', () => {
  it('asks with the name of the pod, and says who the user is', async () => {
    const { asked, review } = setUp({
      granted: ['create pods/portforward postgres-0', 'get pods postgres-0', 'watch pods postgres-0'],
    });
    const report = await review();
    expect(asked).toEqual([
      'create pods/portforward postgres-0',
      'get pods postgres-0',
      'watch pods postgres-0',
    ]);
    expect(report).toMatchObject({
      user: 'dev@example.com',
      groups: ['developers'],
      missing: [],
      degraded: [],
      role: undefined,
      next: '',
    });
    expect(brief(report.allowed)).toEqual(asked);
  });

  it.each([
    ['raw SPDY needs create alone', ['spdy'], '36', ['create']],
    ['the WebSocket needs get before 1.35', ['websocket'], '34+', ['get']],
    ['the WebSocket needs both since 1.35', ['websocket'], '35', ['create', 'get']],
    ['the WebSocket of an unknown version raises no false alarm', ['websocket'], '', ['get']],
  ] as const)('%s', async (_, carriers, minor, verbs) => {
    const { review } = setUp({ granted: ['get pods', 'watch pods'], minor });
    const { missing } = await review({ carriers });
    expect(missing.map(({ verb }) => verb)).toEqual(verbs);
    expect(missing.every(({ resource }) => resource === 'pods/portforward')).toBe(true);
  });

  it('tells what is done without from what is needed', async () => {
    const { review } = setUp({ granted: ['create pods/portforward', 'get pods'] });
    const report = await review();
    expect(report.missing).toEqual([]);
    expect(brief(report.degraded)).toEqual(['watch pods postgres-0']);
    expect(report.next).toBe('');
  });

  it('asks for what finds a Service: the Service, its slices, its pods', async () => {
    const { review } = setUp();
    const { missing, degraded } = await review({ target: { kind: 'service', name: 'db' }, pod: 'a' });
    expect(brief(missing)).toEqual([
      'create pods/portforward a',
      'get services db',
      'list endpointslices',
      'list pods',
    ]);
    expect(brief(degraded)).toEqual(['watch services db', 'watch endpointslices', 'watch pods']);
  });

  it('does not miss a list of pods where they may be read one by one', async () => {
    const { review } = setUp({ granted: ['create pods/portforward', 'get statefulsets.apps', 'get pods'] });
    const { missing, degraded } = await review({ target: { kind: 'statefulset', name: 'postgres' } });
    expect(missing).toEqual([]);
    expect(brief(degraded)).toEqual(['watch statefulsets postgres', 'list pods', 'watch pods']);
  });

  it('goes on without the user name where the server has no SelfSubjectReview', async () => {
    const { api, review } = setUp();
    api.posts.delete('selfsubjectreviews');
    expect((await review()).user).toBeUndefined();
  });

  it('fails when the API server cannot be asked', async () => {
    const { api, review } = setUp();
    api.down = new AppError('SP-API-UNREACHABLE');
    await expect(review()).rejects.toMatchObject({ code: 'SP-API-UNREACHABLE' });
  });

  it('gives the least Role, and its binding, as YAML for kubectl apply', async () => {
    const { review } = setUp({ granted: ['watch pods'] });
    const { role, next } = await review({ carriers: ['spdy', 'websocket'] });
    const [first, second] = parseAllDocuments(role!.yaml).map((document) => document.toJS());
    expect(first).toEqual({
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'Role',
      metadata: { name: 'sallyport-forward', namespace: 'db' },
      rules: [
        {
          apiGroups: [''],
          resources: ['pods/portforward'],
          resourceNames: ['postgres-0'],
          verbs: ['create', 'get'],
        },
        { apiGroups: [''], resources: ['pods'], resourceNames: ['postgres-0'], verbs: ['get'] },
      ],
    });
    expect(second).toMatchObject({
      kind: 'RoleBinding',
      roleRef: { kind: 'Role', name: 'sallyport-forward' },
      subjects: [{ kind: 'User', name: 'dev@example.com' }],
    });
    expect(next).toBe(
      'ask for a Role in namespace db with: pods/portforward create, get (postgres-0); pods get (postgres-0)',
    );
  });

  it.each([
    ['who has no rights', []],
    ['who may do everything', ['create', 'get', 'list', 'watch'].flatMap((verb) => everythingTo(verb))],
  ])(
    'gives the same whole Role to one %s: with what is better to have, and the Secret',
    async (_, granted) => {
      const { review } = setUp({ granted });
      const { wholeRole } = await review({
        besides: [{ verb: 'get', group: '', resource: 'secrets', name: 'orders-app' }],
      });
      expect(wholeRole.rules).toEqual([
        {
          apiGroups: [''],
          resources: ['pods/portforward'],
          resourceNames: ['postgres-0'],
          verbs: ['create'],
        },
        { apiGroups: [''], resources: ['secrets'], resourceNames: ['orders-app'], verbs: ['get'] },
        { apiGroups: [''], resources: ['pods'], resourceNames: ['postgres-0'], verbs: ['get', 'watch'] },
      ]);
    },
  );

  it('names no pod in the whole Role where the target has another one tomorrow', async () => {
    const { review } = setUp({
      granted: ['create', 'get', 'list', 'watch'].flatMap((verb) => everythingTo(verb)),
    });
    const { wholeRole } = await review({ target: { kind: 'deployment', name: 'web' }, pod: 'web-7d9f-x' });
    expect(wholeRole.yaml).not.toContain('web-7d9f-x');
  });

  it('binds a service account as one', async () => {
    const { review } = setUp({ user: 'system:serviceaccount:ci:runner' });
    const { role } = await review();
    expect(role?.yaml).toContain('{kind: ServiceAccount, name: "runner", namespace: "ci"}');
  });
});

describe('a 403, explained', () => {
  const refused = new AppError('SP-FORBIDDEN', {
    user: 'dev',
    verb: 'create',
    resource: 'pods/portforward',
    namespace: 'db',
    why: 'pods "postgres-0" is forbidden: User "dev" cannot create resource "pods/portforward"',
  });

  it('names user, verb, resource, namespace, and the Role to ask for', async () => {
    const { review } = setUp({ granted: ['get pods', 'watch pods'] });
    const error = explainForbidden(await review(), refused);
    expect(error).toMatchObject({
      code: 'SP-FORBIDDEN',
      message: 'dev@example.com may not create pods/portforward in namespace db',
      details: {
        user: 'dev@example.com',
        verb: 'create',
        resource: 'pods/portforward',
        namespace: 'db',
        why: refused.details.why,
        next: 'ask for a Role in namespace db with: pods/portforward create (postgres-0)',
      },
    });
    expect(error.details.role).toContain('kind: Role');
  });

  it('is a policy where the review says yes, and who refused is not the authorizer', async () => {
    const { review } = setUp({ granted: ['create pods/portforward', 'get pods', 'watch pods'] });
    const why = 'pods "postgres-0" is forbidden: not on Fridays';
    const denied = new AppError('SP-FORBIDDEN', { resource: 'pods/portforward', namespace: 'db', why });
    const error = explainForbidden(await review(), denied);
    expect(error).toMatchObject({ code: 'SP-ADMISSION-DENIED', details: { message: why } });
  });

  it("is the authorizer's where its words say so, whatever a review of before has said", async () => {
    const { review } = setUp({ granted: ['create pods/portforward', 'get pods', 'watch pods'] });
    const report = await review();
    expect(isOutdated(report, refused)).toBe(true);
    expect(explainForbidden(report, refused)).toMatchObject({
      code: 'SP-FORBIDDEN',
      details: {
        verb: 'create',
        next: 'ask for a Role in namespace db with: pods/portforward create (postgres-0)',
      },
    });
  });

  it('without details is put down to what is missing', async () => {
    const { review } = setUp({ granted: ['create pods/portforward'] });
    const error = explainForbidden(await review(), new AppError('SP-FORBIDDEN'));
    expect(error.details).toMatchObject({
      verb: 'get',
      resource: 'pods',
      why: 'pods "get" is forbidden by RBAC',
    });
  });

  it('is the only error that is touched', async () => {
    const { review } = setUp();
    const other = new AppError('SP-API-UNREACHABLE');
    expect(explainForbidden(await review(), other)).toBe(other);
  });
});
