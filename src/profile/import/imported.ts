import type { Profile } from '../../contract/profile.ts';
import { localPortOf } from '../local-address.ts';

export interface Imported {
  readonly profiles: readonly { readonly name: string; readonly profile: Profile }[];
  /** What could not be carried over, each with its reason. Never holds a secret. */
  readonly notCarried: readonly NotCarried[];
}

export interface NotCarried {
  /** Which entry or part, as a person knows it. */
  readonly what: string;
  readonly reason: string;
}

export interface ImportOptions {
  /** Names and local ports that are in use already. */
  readonly takenNames?: Iterable<string>;
  readonly takenPorts?: Iterable<number>;
  /** For what names no context: usually the kubeconfig's current one. */
  readonly context?: string | undefined;
  /** For what names no namespace. Default: default. */
  readonly namespace?: string | undefined;
}

/** Gathers profiles under names and on ports of their own. */
export class Importing {
  readonly #names: Set<string>;
  readonly #ports: Set<number>;
  readonly #profiles: { name: string; profile: Profile }[] = [];
  readonly #notCarried: NotCarried[] = [];

  constructor({ takenNames = [], takenPorts = [] }: ImportOptions) {
    this.#names = new Set(takenNames);
    this.#ports = new Set(takenPorts);
  }

  /** `wanted` is any text; the profile gets the nearest name that is free, and keeps its local port where that is free. */
  add(wanted: string, profile: Profile): void {
    const name = freeName(wanted, this.#names);
    this.#names.add(name);
    const port = localPortOf(profile.local);
    if (port !== undefined && this.#ports.has(port)) {
      const { local: _, ...rest } = profile;
      this.leaveOut(
        `local port ${port} of ${name}`,
        'it is that of another profile; a free one is taken instead',
      );
      this.#profiles.push({ name, profile: rest });
      return;
    }
    if (port !== undefined) this.#ports.add(port);
    this.#profiles.push({ name, profile });
  }

  leaveOut(what: string, reason: string): void {
    this.#notCarried.push({ what: what.length > 120 ? `${what.slice(0, 120)}…` : what, reason });
  }

  result(): Imported {
    return { profiles: this.#profiles, notCarried: this.#notCarried };
  }
}

/** The nearest name that a profile may have and none has; a number tells it from others. */
export function freeName(wanted: string, taken: ReadonlySet<string>): string {
  const name = profileNameOf(wanted);
  if (!taken.has(name)) return name;
  for (let number = 2; ; number++) if (!taken.has(`${name}-${number}`)) return `${name}-${number}`;
}

/** The nearest name that a profile may have. */
export function profileNameOf(wanted: string): string {
  const words = wanted
    .toLowerCase()
    .replaceAll(/[^a-z0-9._-]+/g, '-')
    .replace(/^[^a-z]+/, '')
    .replace(/[-._]+$/, '')
    .slice(0, 55);
  return words === '' ? 'imported' : words;
}
