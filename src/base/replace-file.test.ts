import { chmod, mkdtemp, readdir, readFile, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fuzzed } from '../../test/support/fuzz.ts';
import { type FileOperations, replaceFile } from './replace-file.ts';

describe('on a real file system', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'replace-file-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('makes a private file', async () => {
    const path = join(folder, 'a');
    await replaceFile(path, 'text');
    expect(await readFile(path, 'utf8')).toBe('text');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readdir(folder)).toEqual(['a']);
  });

  it('keeps the mode of the file that it replaces', async () => {
    const path = join(folder, 'a');
    await writeFile(path, 'old');
    await chmod(path, 0o640);
    await replaceFile(path, 'new');
    expect((await stat(path)).mode & 0o777).toBe(0o640);
  });

  it('writes through a symbolic link, which stays', async () => {
    await writeFile(join(folder, 'real'), 'old');
    await symlink('real', join(folder, 'link'));
    await replaceFile(join(folder, 'link'), 'new');
    expect(await readFile(join(folder, 'real'), 'utf8')).toBe('new');
    expect((await readdir(folder)).sort()).toEqual(['link', 'real']);
  });

  it('leaves the old file and no other where the caller thinks better of it', async () => {
    const path = join(folder, 'a');
    await writeFile(path, 'old');
    const refuse = async () => {
      throw new Error('changed');
    };
    await expect(replaceFile(path, 'new', { beforeRename: refuse })).rejects.toThrow('changed');
    expect(await readFile(path, 'utf8')).toBe('old');
    expect(await readdir(folder)).toEqual(['a']);
  });

  it('removes what a killed writer left, but not what one writes now', async () => {
    const path = join(folder, 'a');
    await writeFile(join(folder, '.a.000000000000.tmp'), 'half');
    await utimes(join(folder, '.a.000000000000.tmp'), 1, 1);
    await writeFile(join(folder, '.a.111111111111.tmp'), 'now');
    await writeFile(join(folder, '.b.tmp'), 'of another');
    await replaceFile(path, 'new');
    expect((await readdir(folder)).sort()).toEqual(['.a.111111111111.tmp', '.b.tmp', 'a']);
  });
});

/**
 * A file system as POSIX promises it, no better: what was not synced may be there after power loss or not, a file's content also in
 * part. It dies at a step of its choice, and no step after that does anything.
 */
class DyingDisk implements FileOperations {
  readonly #inodes = new Map<number, { now: string; durable: string }>();
  readonly #names = new Map<string, number>();
  #durableNames = new Map<string, number>();
  /** Renames and new names that are not synced, in order. */
  #unsynced: (() => void)[] = [];
  #steps: number;
  #nextInode = 1;

  constructor(files: Record<string, string>, diesAtStep: number) {
    this.#steps = diesAtStep;
    for (const [path, text] of Object.entries(files)) {
      this.#inodes.set(this.#nextInode, { now: text, durable: text });
      this.#names.set(path, this.#nextInode++);
    }
    this.#durableNames = new Map(this.#names);
  }

  get survived(): boolean {
    return this.#steps > 0;
  }

  /** What a process that starts after a kill reads. */
  readAfterKill(path: string): string | undefined {
    return this.#inodes.get(this.#names.get(path) ?? 0)?.now;
  }

  /** What a machine that lost power reads; `random` says how much of what was not synced made it, in [0, 1). */
  readAfterPowerLoss(path: string, random: () => number): string | undefined {
    const kept = Math.floor(random() * (this.#unsynced.length + 1));
    for (const apply of this.#unsynced.slice(0, kept)) apply();
    const inode = this.#inodes.get(this.#durableNames.get(path) ?? 0);
    if (!inode) return undefined;
    if (inode.now === inode.durable) return inode.now;
    return inode.now.slice(0, Math.floor(random() * inode.now.length));
  }

  async open(path: string, flags: string) {
    this.#step();
    if (flags === 'r') {
      return {
        writeFile: async () => {},
        chmod: async () => {},
        close: async () => {},
        sync: async () => {
          this.#step();
          for (const apply of this.#unsynced.splice(0)) apply();
        },
      };
    }
    const number = this.#nextInode++;
    const inode = { now: '', durable: '' };
    this.#inodes.set(number, inode);
    this.#names.set(path, number);
    this.#unsynced.push(() => this.#durableNames.set(path, number));
    return {
      writeFile: async (text: string) => {
        // Several writes, so that a kill can fall between them.
        for (let at = 0; at < text.length; at += 7) {
          this.#step();
          inode.now += text.slice(at, at + 7);
        }
      },
      chmod: async () => this.#step(),
      sync: async () => {
        this.#step();
        inode.durable = inode.now;
      },
      close: async () => this.#step(),
    };
  }

  async rename(from: string, to: string) {
    this.#step();
    const number = this.#names.get(from)!;
    this.#names.set(to, number);
    this.#names.delete(from);
    this.#unsynced.push(() => {
      this.#durableNames.set(to, number);
      this.#durableNames.delete(from);
    });
  }

  async unlink(path: string) {
    this.#step();
    this.#names.delete(path);
  }

  async realpath(path: string) {
    this.#step();
    if (!this.#names.has(path)) throw Object.assign(new Error('absent'), { code: 'ENOENT' });
    return path;
  }

  async stat(path: string) {
    this.#step();
    if (!this.#names.has(path)) throw Object.assign(new Error('absent'), { code: 'ENOENT' });
    return { mode: 0o600, mtimeMs: 0 };
  }

  async readdir(folder: string) {
    this.#step();
    return [...this.#names.keys()].filter((path) => dirname(path) === folder).map((path) => basename(path));
  }

  #step(): void {
    if (this.#steps <= 0) throw new Error('dead');
    this.#steps--;
    if (this.#steps === 0) throw new Error('dies here');
  }
}

const oldText = 'version: 1\nprofiles: {}\n';
const newText = 'version: 1\nprofiles:\n  orders-db: {}\n# and more than one write holds\n';

/** How many steps a whole write takes. */
async function stepsOfWrite(files: Record<string, string>): Promise<number> {
  for (let steps = 1; ; steps++) {
    const disk = new DyingDisk(files, steps);
    await replaceFile('/f/a', newText, { files: disk }).catch(() => {});
    if (disk.survived) return steps;
  }
}

describe('a writer that dies', () => {
  it.each([
    ['over a file', { '/f/a': oldText }, oldText],
    ['making a file', {}, undefined],
  ] as [string, Record<string, string>, string | undefined][])(
    '%s leaves the old content or the new, after each step',
    async (_, before, old) => {
      const steps = await stepsOfWrite(before);
      expect(steps).toBeGreaterThan(15);
      const seen = new Set<string | undefined>();
      for (let step = 1; step <= steps; step++) {
        const disk = new DyingDisk(before, step);
        await replaceFile('/f/a', newText, { files: disk }).catch(() => {});
        expect([old, newText]).toContain(disk.readAfterKill('/f/a'));
        seen.add(disk.readAfterKill('/f/a'));
      }
      expect(seen).toEqual(new Set([old, newText]));
    },
  );

  it('leaves the old content or the new through power loss, at 200 random moments', async () => {
    const before = { '/f/a': oldText, '/f/.a.0123456789ab.tmp': 'of one killed before' };
    const steps = await stepsOfWrite(before);
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: steps }),
        fc.array(fc.double({ min: 0, max: 0.999, noNaN: true }), { minLength: 2, maxLength: 2 }),
        async (step, draws) => {
          const disk = new DyingDisk(before, step);
          await replaceFile('/f/a', newText, { files: disk }).catch(() => {});
          const read = disk.readAfterPowerLoss('/f/a', () => draws.shift() ?? 0);
          expect([oldText, newText]).toContain(read);
        },
      ),
      fuzzed(200),
    );
  });

  it('has written for good once it says so', async () => {
    const disk = new DyingDisk({ '/f/a': oldText }, 1_000);
    await replaceFile('/f/a', newText, { files: disk });
    expect(disk.readAfterPowerLoss('/f/a', () => 0)).toBe(newText);
  });
});
