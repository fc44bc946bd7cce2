import type { SandboxStatus } from '../../../src/contract/control-sandbox.ts';

export type StepState = 'done' | 'now' | 'later';

export interface SandboxStep {
  readonly name: string;
  readonly state: StepState;
}

const steps = [
  ['cluster', 'A small cluster, on this machine alone'],
  ['database', 'A Postgres in a pod of it'],
  ['tunnel', 'A tunnel to the pod'],
] as const;

/** The command line of a demonstration's daemon is not that of the person: what is copied of its tunnel has to work by itself. */
export function isSandboxTunnel(sandbox: SandboxStatus, id: string): boolean {
  return sandbox.kind === 'running' && sandbox.tunnel === id;
}

/** What a start takes, and how far it is. Empty where none starts. */
export function sandboxSteps(sandbox: SandboxStatus): readonly SandboxStep[] {
  if (sandbox.kind !== 'starting') return [];
  const at = steps.findIndex(([step]) => step === sandbox.step);
  return steps.map(([, name], index) => ({
    name,
    state: index < at ? 'done' : index === at ? 'now' : 'later',
  }));
}
