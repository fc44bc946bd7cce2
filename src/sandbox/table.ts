import type { Deployment, KubeObject, Plural, Pod, Service, StatefulSet } from './kube-object.ts';

interface Column {
  readonly name: string;
  readonly cell: (object: KubeObject) => string;
}

const name: Column = { name: 'Name', cell: ({ metadata }) => metadata.name };
const age = (nowMs: number): Column => ({
  name: 'Age',
  cell: ({ metadata }) => shortDuration(nowMs - Date.parse(metadata.creationTimestamp)),
});

const readyReplicas: Column = {
  name: 'Ready',
  cell: (object) => {
    const { spec, status } = object as StatefulSet | Deployment;
    return `${status?.readyReplicas ?? 0}/${spec.replicas ?? 1}`;
  },
};

const columns: Partial<Record<Plural, readonly Column[]>> = {
  pods: [
    {
      name: 'Ready',
      cell: (object) => {
        const all = (object as Pod).status.containerStatuses ?? [];
        return `${all.filter(({ ready }) => ready).length}/${(object as Pod).spec.containers.length}`;
      },
    },
    { name: 'Status', cell: (object) => podStatus(object as Pod) },
    {
      name: 'Restarts',
      cell: (object) =>
        String(
          ((object as Pod).status.containerStatuses ?? []).reduce((sum, each) => sum + each.restartCount, 0),
        ),
    },
  ],
  services: [
    { name: 'Type', cell: (object) => (object as Service).spec.type ?? 'ClusterIP' },
    { name: 'Cluster-IP', cell: (object) => (object as Service).spec.clusterIP ?? '<none>' },
    {
      name: 'Port(s)',
      cell: (object) =>
        ((object as Service).spec.ports ?? [])
          .map(({ port, protocol = 'TCP' }) => `${port}/${protocol}`)
          .join(','),
    },
  ],
  statefulsets: [readyReplicas],
  deployments: [readyReplicas],
};

/** Objects as the Table (meta.k8s.io/v1) that kubectl prints. */
export function toTable(
  plural: Plural,
  objects: readonly KubeObject[],
  list: { resourceVersion: string; nowMs: number },
) {
  const all = [name, ...(columns[plural] ?? []), age(list.nowMs)];
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata: { resourceVersion: list.resourceVersion },
    columnDefinitions: all.map((column) => ({
      name: column.name,
      type: 'string',
      format: column === name ? 'name' : '',
      description: '',
      priority: 0,
    })),
    rows: objects.map((object) => ({
      cells: all.map(({ cell }) => cell(object)),
      object: { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata },
    })),
  };
}

function podStatus({ metadata, status }: Pod): string {
  if (metadata.deletionTimestamp !== undefined) return 'Terminating';
  for (const { state } of status.containerStatuses ?? []) {
    const reason = state.waiting?.reason ?? state.terminated?.reason;
    if (reason) return reason;
  }
  return status.phase;
}

function shortDuration(durationMs: number): string {
  const seconds = Math.max(0, Math.floor(durationMs / 1_000));
  if (seconds < 120) return `${seconds}s`;
  return seconds < 7_200 ? `${Math.floor(seconds / 60)}m` : `${Math.floor(seconds / 3_600)}h`;
}
