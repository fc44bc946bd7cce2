import type { Condition, Pod } from './kube-object.ts';

/** The status of a pod that its node has just taken: containers creating. */
export function startingStatus(pod: Pod, now: string): void {
  pod.status = {
    phase: 'Pending',
    startTime: now,
    hostIP: '127.0.0.1',
    conditions: (
      ['PodScheduled', 'Initialized', 'PodReadyToStartContainers', 'ContainersReady', 'Ready'] as const
    ).map(
      (type): Condition => ({
        type,
        status: type.endsWith('Ready') ? 'False' : 'True',
        lastTransitionTime: now,
      }),
    ),
    containerStatuses: pod.spec.containers.map(({ name, image }) => ({
      name,
      image,
      imageID: image,
      ready: false,
      started: false,
      restartCount: 0,
      state: { waiting: { reason: 'ContainerCreating' } },
      lastState: {},
    })),
  };
}

/** Address and phase, once a container has been started. */
export function runningStatus(pod: Pod, address: string): void {
  const ran = (pod.status.containerStatuses ?? []).some(
    ({ state, lastState }) => state.running ?? state.terminated ?? lastState.terminated,
  );
  if (!ran) return;
  pod.status.phase = 'Running';
  pod.status.podIP = address;
  pod.status.podIPs = [{ ip: address }];
}

export function setCondition(pod: Pod, type: string, holds: boolean, now: string): void {
  const status = holds ? 'True' : 'False';
  const condition = pod.status.conditions.find((each) => each.type === type);
  if (!condition) pod.status.conditions.push({ type, status, lastTransitionTime: now });
  else if (condition.status !== status) Object.assign(condition, { status, lastTransitionTime: now });
}
