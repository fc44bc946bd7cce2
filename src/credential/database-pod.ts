/** What is read of a pod to tell which Secret its database's credentials are in: labels, and where its environment comes from. */

export type Labels = Readonly<Record<string, string>>;

export interface DatabasePod {
  readonly metadata?: { readonly labels?: Labels };
  readonly spec?: {
    readonly containers?: readonly PodContainer[];
    readonly volumes?: readonly PodVolume[];
  };
}

export interface PodContainer {
  readonly image?: string;
  readonly env?: readonly EnvironmentVariable[];
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string }[];
}

interface EnvironmentVariable {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: { readonly secretKeyRef?: { readonly name?: string; readonly key: string } };
}

interface PodVolume {
  readonly name: string;
  readonly secret?: { readonly secretName?: string };
}
