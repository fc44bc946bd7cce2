import { apiVersionOf, type Plural, resourceTypes } from './kube-object.ts';

const verbs = ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'];

/** The sandbox speaks as this version: the WebSocket tunnel needs the verbs get and create, as since 1.35. */
export const serverVersion = {
  major: '1',
  minor: '36',
  gitVersion: 'v1.36.0+sallyport-sandbox',
  gitCommit: '',
  gitTreeState: 'clean',
  buildDate: '2026-01-01T00:00:00Z',
  goVersion: '',
  compiler: 'node',
  platform: `${process.platform}/${process.arch}`,
};

const reviews: readonly { groupVersion: string; plural: string; kind: string }[] = [
  { groupVersion: 'authentication.k8s.io/v1', plural: 'selfsubjectreviews', kind: 'SelfSubjectReview' },
  {
    groupVersion: 'authorization.k8s.io/v1',
    plural: 'selfsubjectaccessreviews',
    kind: 'SelfSubjectAccessReview',
  },
];

/** What kubectl reads to learn which resources there are; undefined for any other path. */
export function discover(path: string): object | undefined {
  switch (path) {
    case '/version':
      return serverVersion;
    case '/api':
      return { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [] };
    case '/apis':
      return { kind: 'APIGroupList', apiVersion: 'v1', groups: groupVersions().map(groupOf) };
    case '/api/v1':
      return resourceList('v1');
    default: {
      const groupVersion = path.replace(/^\/apis\//, '');
      return groupVersions().includes(groupVersion) ? resourceList(groupVersion) : undefined;
    }
  }
}

function groupVersions(): string[] {
  const all = [
    ...Object.values(resourceTypes).map(apiVersionOf),
    ...reviews.map((each) => each.groupVersion),
  ];
  return [...new Set(all)].filter((groupVersion) => groupVersion !== 'v1');
}

function groupOf(groupVersion: string): object {
  const [name = '', version = ''] = groupVersion.split('/');
  const entry = { groupVersion, version };
  return { name, versions: [entry], preferredVersion: entry };
}

function resourceList(groupVersion: string): object {
  const plurals = (Object.keys(resourceTypes) as Plural[]).filter(
    (plural) => apiVersionOf(resourceTypes[plural]) === groupVersion,
  );
  const resources: object[] = plurals.map((plural) => {
    const { kind, namespaced, shortNames } = resourceTypes[plural];
    return { name: plural, singularName: kind.toLowerCase(), namespaced, kind, verbs, shortNames };
  });
  if (groupVersion === 'v1') {
    const portForward = { name: 'pods/portforward', singularName: '', namespaced: true };
    resources.push({ ...portForward, kind: 'PodPortForwardOptions', verbs: ['create', 'get'] });
  }
  for (const { plural, kind } of reviews.filter((each) => each.groupVersion === groupVersion)) {
    resources.push({ name: plural, singularName: '', namespaced: false, kind, verbs: ['create'] });
  }
  return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion, resources };
}
