import { randomBytes } from 'node:crypto';
import { type Deployment, isReady } from './kube-object.ts';
import type { ObjectStore } from './object-store.ts';
import { createOwnedPod, endPod, ownedPods, revisionOf } from './owned-pods.ts';

const revisionLabel = 'pod-template-hash';

/**
 * Keeps as many pods as a Deployment wants, with random names. There is no ReplicaSet in between: the pods are the Deployment's own. A
 * changed template replaces a pod when the others are ready.
 */
export function reconcileDeployment(store: ObjectStore, deployment: Deployment): void {
  const { namespace = '', name, uid } = deployment.metadata;
  const replicas = deployment.spec.replicas ?? 1;
  const revision = revisionOf(deployment.spec.template);
  // As a ReplicaSet: a pod that is ending does not count, its successor starts at once.
  const pods = ownedPods(store, deployment).filter((pod) => pod.metadata.deletionTimestamp === undefined);
  for (const pod of pods.slice(replicas)) endPod(store, pod);
  for (let missing = replicas - pods.length; missing > 0; missing--) {
    createOwnedPod(store, deployment.spec.template, {
      name: `${name}-${revision}-${randomBytes(3).toString('hex').slice(0, 5)}`,
      namespace,
      labels: { [revisionLabel]: revision },
      owner: { apiVersion: 'apps/v1', kind: 'Deployment', name, uid, controller: true },
    });
  }
  if (pods.length === replicas && pods.every(isReady)) {
    const outdated = pods.find((pod) => pod.metadata.labels?.[revisionLabel] !== revision);
    if (outdated) endPod(store, outdated);
  }
  store.update('deployments', { namespace, name }, (draft) => {
    const ready = pods.filter(isReady).length;
    draft.status = {
      observedGeneration: draft.metadata.generation,
      replicas: pods.length,
      readyReplicas: ready,
      availableReplicas: ready,
    };
  });
}
