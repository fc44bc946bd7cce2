import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { Canary } from './canary.ts';
import { processesWith } from './command.ts';

/** Where a secret has to be, and why: part of what the record is called, and the canary's name. */
export interface Permission {
  readonly where: RegExp;
  readonly canary: string;
}

/** Everything that a program said, wrote and was started with, to be looked through for canaries. */
export class CanaryWitness {
  readonly #records: { readonly where: string; readonly bytes: Buffer }[] = [];
  readonly #permitted: readonly Permission[];

  constructor(permitted: readonly Permission[]) {
    this.#permitted = permitted;
  }

  /** How many records there are whose names fit. */
  count(where: RegExp): number {
    return this.#records.filter((record) => where.test(record.where)).length;
  }

  add(where: string, said: string | Buffer): void {
    this.#records.push({ where, bytes: Buffer.from(said) });
  }

  /** Each file below a folder as it is now. */
  async addFiles(folder: string, title: string): Promise<void> {
    for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name);
      this.add(`${title}: name`, relative(folder, path));
      if (!entry.isFile()) continue;
      // It may go between the two.
      const bytes = await readFile(path).catch(() => undefined);
      if (bytes) this.add(`${title}: ${relative(folder, path)}`, bytes);
    }
  }

  /** Arguments and environment of each process that has the mark in its environment. Linux. */
  async addProcesses(mark: string): Promise<void> {
    for (const pid of await processesWith(mark)) {
      const read = (name: string) => readFile(`/proc/${pid}/${name}`).catch(() => Buffer.alloc(0));
      const args = await read('cmdline');
      const title = args.toString('latin1').replaceAll('\0', ' ').slice(0, 80);
      this.add(`arguments of ${title}`, args);
      this.add(`environment of ${title}`, await read('environ'));
    }
  }

  /** Each canary that stands where it may not, with its form and some of what stands before it. */
  leaksOf(canaries: readonly Canary[]): string[] {
    const leaks = new Set<string>();
    for (const { where, bytes } of this.#records)
      for (const canary of canaries) {
        const form = canary.formIn(bytes);
        if (form === undefined || this.#isPermitted(where, canary)) continue;
        leaks.add(`${canary.name} in ${where}, ${form}`);
      }
    return [...leaks];
  }

  #isPermitted(where: string, { name }: Canary): boolean {
    return this.#permitted.some((each) => each.canary === name && each.where.test(where));
  }
}
