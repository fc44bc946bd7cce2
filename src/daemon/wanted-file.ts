/**
 * What the user asked for, on disk: the one thing that must survive kill -9 and power loss. The file is replaced as a whole; one that
 * cannot be read stops the daemon with its path, because to go on would mean to forget and then to overwrite it.
 */
import * as z from 'zod';
import { AppError } from '../base/app-error.ts';
import type { Log } from '../base/log.ts';
import { readBounded } from '../base/read-bounded.ts';
import { replaceFile } from '../base/replace-file.ts';
import { adHocSchema, tunnelIdSchema } from '../contract/control-tunnel.ts';
import { profileSchema } from '../contract/profile.ts';

const maxWanted = 10_000;
/** Beyond this the port goes that was given out longest ago, to a tunnel that is not wanted. */
const maxPorts = 10_000;
const maxProjects = 64;
const maxFileBytes = 32 * 1024 * 1024;

const wantedTunnelSchema = z.object({
  id: tunnelIdSchema,
  /** `off` is only kept for an on-demand profile, which would be on by itself. */
  wanted: z.enum(['on', 'paused', 'off']),
  /** Since when it is up, ms since the epoch. */
  upSinceMs: z.number().optional(),
  adHoc: adHocSchema.optional(),
  /** As it ran last: what it is shown by, and bound to, while its profile may not or can no longer be used. */
  profile: profileSchema.optional(),
});

const fileSchema = z.object({
  version: z.literal(1),
  tunnels: z.array(wantedTunnelSchema).max(maxWanted),
  /** Local ports that were given out where a profile names none, by tunnel, the oldest first: they are kept, at most maxPorts of them. */
  ports: z.record(tunnelIdSchema, z.int().min(1).max(65_535)),
  /** Folders of projects with profiles on demand that had their ports: nothing else remembers those. */
  projects: z.array(z.string().max(4_096)).max(maxProjects).default([]),
});

export type WantedTunnel = z.infer<typeof wantedTunnelSchema>;

export class WantedFile {
  readonly #path: string;
  readonly #log: Log;
  #tunnels = new Map<string, WantedTunnel>();
  #ports = new Map<string, number>();
  #projects: readonly string[] = [];
  #writing: Promise<void> = Promise.resolve();
  /** The write that has not begun yet; all that changes until then goes with it. */
  #next: Promise<void> | undefined;

  constructor({ path, log }: { readonly path: string; readonly log: Log }) {
    this.#path = path;
    this.#log = log;
  }

  get tunnels(): ReadonlyMap<string, WantedTunnel> {
    return this.#tunnels;
  }

  get projects(): readonly string[] {
    return this.#projects;
  }

  portOf(id: string): number | undefined {
    return this.#ports.get(id);
  }

  /** Reads the file; none means that nothing is wanted. Throws SP-STATE-UNREADABLE. */
  async load(): Promise<void> {
    const file = await readBounded(this.#path, maxFileBytes);
    if (file.kind === 'absent') return;
    const unusable = (message: string) => new AppError('SP-STATE-UNREADABLE', { path: this.#path, message });
    if (file.kind === 'refused') throw unusable(`it ${file.why}`);
    const { tunnels, ports, projects } =
      parse(file.text) ?? raise(unusable('it is damaged or of a newer version'));
    this.#tunnels = new Map(tunnels.map((tunnel) => [tunnel.id, tunnel]));
    this.#ports = new Map(Object.entries(ports));
    this.#projects = projects;
  }

  /** On the disk when it resolves. Rejects with SP-STATE-UNWRITABLE, also where no more tunnels can be remembered. */
  async want(tunnel: WantedTunnel): Promise<void> {
    if (this.#tunnels.size >= maxWanted && !this.#tunnels.has(tunnel.id)) {
      const message = `it holds ${maxWanted} tunnels already`;
      throw new AppError('SP-STATE-UNWRITABLE', { path: this.#path, message });
    }
    this.#tunnels.set(tunnel.id, tunnel);
    await this.#save();
  }

  /** Forgets that it was wanted; its port stays its own, unless `forgetPort`. On the disk when it resolves. */
  drop(id: string, { forgetPort = false } = {}): Promise<void> {
    const dropped = this.#tunnels.delete(id);
    const freed = forgetPort && this.#ports.delete(id);
    return dropped || freed ? this.#save() : this.saved();
  }

  keepPort(id: string, port: number): Promise<void> {
    if (this.#ports.get(id) === port) return this.saved();
    this.#ports.delete(id);
    this.#ports.set(id, port);
    if (this.#ports.size > maxPorts) {
      const oldest = [...this.#ports.keys()].find((other) => !this.#tunnels.has(other));
      if (oldest !== undefined) this.#ports.delete(oldest);
    }
    return this.#save();
  }

  keepProjects(folders: Iterable<string>): Promise<void> {
    const projects = [...new Set(folders)].sort().slice(0, maxProjects);
    if (projects.join('\0') === this.#projects.join('\0')) return this.saved();
    this.#projects = projects;
    return this.#save();
  }

  /** Everything told so far is on the disk, or was tried. */
  async saved(): Promise<void> {
    await (this.#next ?? this.#writing);
  }

  #save(): Promise<void> {
    this.#next ??= this.#writing
      .catch(() => {})
      .then(() => {
        this.#writing = this.#next!;
        this.#next = undefined;
        return replaceFile(this.#path, this.#text());
      })
      .catch((error: NodeJS.ErrnoException) => {
        this.#log.warn('wanted state not written', { path: this.#path, error: error.code ?? error.message });
        throw new AppError(
          'SP-STATE-UNWRITABLE',
          { path: this.#path, message: error.code ?? error.message },
          error,
        );
      });
    return this.#next;
  }

  #text(): string {
    const content: z.infer<typeof fileSchema> = {
      version: 1,
      tunnels: [...this.#tunnels.values()],
      ports: Object.fromEntries(this.#ports),
      projects: [...this.#projects],
    };
    return `${JSON.stringify(content, undefined, 1)}\n`;
  }
}

function parse(text: string): z.infer<typeof fileSchema> | undefined {
  try {
    return fileSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

function raise(error: Error): never {
  throw error;
}
