/** One place where the credentials of a database may be, and how they are read from it. */
export interface Candidate {
  /** The Secret's name, in the namespace of the pod. */
  readonly secret: string;
  readonly passwordKey: string;
  /** The role: what this key holds, or this name. Neither: the profile has to name it. */
  readonly user?: { readonly key: string; readonly otherwise?: string } | { readonly name: string };
  readonly database?: { readonly key: string } | { readonly name: string };
  /** Of the application, or one that may do anything, which is taken only where there is no other. */
  readonly rank: 'application' | 'superuser';
  /** Where it comes from, to people: "the owner of orders-db, by CloudNativePG". */
  readonly why: string;
}

/** Where to look, as one pod's labels and environment tell. */
export interface CredentialPlan {
  /** CloudNativePG, Bitnami, … */
  readonly layout: string;
  /** In the order of looking. */
  readonly candidates: readonly Candidate[];
  /** Roles whose names are not known beforehand: found among the names of Secrets with these labels. */
  readonly listed?: {
    readonly labelSelector: string;
    readonly candidateOf: (secret: string) => Candidate | undefined;
  };
}
