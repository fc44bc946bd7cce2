import { isReady, type Pod, type StatefulSet } from './kube-object.ts';
import type { ObjectStore } from './object-store.ts';
import { createOwnedPod, endPod, ownedPods, revisionOf } from './owned-pods.ts';

const revisionLabel = 'controller-revision-hash';

/**
 * Keeps the pods of StatefulSets: stable names, in order, each after the one before it is ready; a deleted pod comes back under its
 * name with a new UID; a changed template replaces pods from the highest ordinal down, one at a time.
 */
export function reconcileStatefulSet(store: ObjectStore, set: StatefulSet): void {
  const { namespace = '', name } = set.metadata;
  const replicas = set.spec.replicas ?? 1;
  const revision = `${name}-${revisionOf(set.spec.template)}`;
  const pods = ownedPods(store, set);
  const ordinalOf = (pod: Pod) => Number(pod.metadata.name.slice(name.length + 1));

  const surplus = pods
    .filter((pod) => ordinalOf(pod) >= replicas)
    .sort((a, b) => ordinalOf(b) - ordinalOf(a));
  if (surplus[0]) endPod(store, surplus[0]);

  const ordered = set.spec.podManagementPolicy !== 'Parallel';
  let complete = true;
  for (let ordinal = 0; ordinal < replicas && (complete || !ordered); ordinal++) {
    const pod = pods.find((each) => ordinalOf(each) === ordinal);
    if (pod && isReady(pod) && pod.metadata.deletionTimestamp === undefined) continue;
    complete = false;
    if (!pod) createPod(store, set, ordinal, revision);
  }

  if (complete) {
    const outdated = pods
      .filter((pod) => pod.metadata.labels?.[revisionLabel] !== revision)
      .sort((a, b) => ordinalOf(b) - ordinalOf(a));
    if (outdated[0]) endPod(store, outdated[0]);
  }

  const now = ownedPods(store, set);
  store.update('statefulsets', { namespace, name }, (draft) => {
    draft.status = {
      observedGeneration: draft.metadata.generation,
      replicas: now.length,
      readyReplicas: now.filter(isReady).length,
      updatedReplicas: now.filter((pod) => pod.metadata.labels?.[revisionLabel] === revision).length,
      currentRevision: revision,
      updateRevision: revision,
    };
  });
}

function createPod(store: ObjectStore, set: StatefulSet, ordinal: number, revision: string): void {
  const { namespace = '', name, uid } = set.metadata;
  const podName = `${name}-${ordinal}`;
  // A pod of that name that is not the set's own stands in its way, as in Kubernetes.
  if (store.get('pods', namespace, podName)) return;
  createOwnedPod(store, set.spec.template, {
    name: podName,
    namespace,
    labels: {
      'apps.kubernetes.io/pod-index': String(ordinal),
      'statefulset.kubernetes.io/pod-name': podName,
      [revisionLabel]: revision,
    },
    owner: {
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      name,
      uid,
      controller: true,
      blockOwnerDeletion: true,
    },
  });
}
