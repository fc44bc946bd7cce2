import { createHash } from 'node:crypto';
import { admit } from './admission.ts';
import type { ObjectMeta, OwnerReference, Pod, PodTemplate } from './kube-object.ts';
import type { ObjectStore } from './object-store.ts';

/** Makes a pod from a controller's template, with labels of its own beside the template's. */
export function createOwnedPod(
  store: ObjectStore,
  { metadata, spec }: PodTemplate,
  own: {
    readonly name: string;
    readonly namespace: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly owner: OwnerReference;
  },
): void {
  store.create(
    'pods',
    admit('pods', {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        name: own.name,
        namespace: own.namespace,
        labels: { ...metadata?.labels, ...own.labels },
        ...(metadata?.annotations ? { annotations: metadata.annotations } : {}),
        ownerReferences: [own.owner],
      },
      spec: structuredClone(spec),
    }),
  );
}

/** Deletes a pod as the API would: with its grace period. Nothing happens to one that is ending already. */
export function endPod(store: ObjectStore, { metadata, spec }: Pod): void {
  const graceSeconds = spec.terminationGracePeriodSeconds ?? 30;
  store.update('pods', { namespace: metadata.namespace ?? '', name: metadata.name }, (draft) => {
    draft.metadata.deletionTimestamp ??= store.timestamp(graceSeconds * 1_000);
    draft.metadata.deletionGracePeriodSeconds ??= graceSeconds;
  });
}

export function ownedPods(store: ObjectStore, { metadata }: { metadata: ObjectMeta }): Pod[] {
  return store
    .list('pods', { namespace: metadata.namespace })
    .items.filter((pod) => pod.metadata.ownerReferences?.some(({ uid }) => uid === metadata.uid));
}

export const revisionOf = (template: PodTemplate) =>
  createHash('sha256').update(JSON.stringify(template)).digest('hex').slice(0, 10);
