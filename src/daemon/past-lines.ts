import { readFile } from 'node:fs/promises';
import * as z from 'zod';
import { type HistoryEntry, type LogLine, logLineSchema } from '../contract/control-tunnel.ts';
import { shownState } from '../contract/shown-state.ts';
import { tunnelStateSchema } from '../contract/tunnel-state.ts';
import { logFileNames } from './log-file.ts';

/** Lines of one tunnel that are read back, and tunnels whose lines are kept in memory then. */
const maxLines = 200;
const maxKept = 32;

export interface PastLinesOptions {
  /** Of the daemon's log. */
  readonly path: string;
  /** When this daemon began, ms since the epoch: what came later is in memory. */
  readonly beforeMs: number;
}

const writtenSchema = z.looseObject({
  time: z.iso.datetime(),
  level: logLineSchema.shape.level,
  event: z.string(),
});

/**
 * What tunnels were through before this daemon began, read back from the log files of those before it: as far as they reach, and the newest lines
 * alone. Nobody else writes there, but a crash may cut a line off and an older version have written it: what cannot be read is left out.
 */
export class PastLines {
  readonly #options: PastLinesOptions;
  readonly #known = new Map<string, Promise<LogLine[]>>();

  constructor(options: PastLinesOptions) {
    this.#options = options;
  }

  /** The oldest first. Their numbers end at 0, as those of this daemon begin with 1. */
  of(tunnel: string): Promise<readonly LogLine[]> {
    const known = this.#known.get(tunnel) ?? this.#read(tunnel);
    this.#known.delete(tunnel);
    this.#known.set(tunnel, known);
    for (const oldest of this.#known.keys()) if (this.#known.size > maxKept) this.#known.delete(oldest);
    return known;
  }

  /** The states among them. A daemon that ended has left its tunnels off. */
  async history(tunnel: string): Promise<HistoryEntry[]> {
    const lines = await this.of(tunnel);
    return lines.flatMap(({ event, atMs, fields }) => {
      if (event !== 'tunnel state') return [];
      const entry = stateFields.safeParse(fields);
      const state = tunnelStateSchema.safeParse(fields);
      if (!entry.success || !state.success) return [];
      const wanted = state.data.kind === 'off' ? 'off' : 'on';
      return [{ atMs, wanted, state: state.data, shown: shownState(wanted, state.data), ...entry.data }];
    });
  }

  async #read(tunnel: string): Promise<LogLine[]> {
    let found: Omit<LogLine, 'sequence'>[] = [];
    for (const name of logFileNames(this.#options.path)) {
      // One that is not there, or not to be read, has nothing to tell.
      const bytes = await readFile(name).catch(() => Buffer.alloc(0));
      found = [...newestLines(bytes, tunnel, this.#options.beforeMs), ...found].slice(-maxLines);
      if (found.length === maxLines) break;
    }
    return found.map((line, index) => ({ sequence: index + 1 - found.length, ...line }));
  }
}

const stateFields = z.object({
  held: z.int().default(0),
  gapMs: z.number().optional(),
  served: z.int().optional(),
});

/** Looks at bytes, as most lines are of other tunnels and a file has some megabytes of them. */
function newestLines(bytes: Buffer, tunnel: string, beforeMs: number): Omit<LogLine, 'sequence'>[] {
  const wanted = Buffer.from(`"tunnel":${JSON.stringify(tunnel)}`);
  const texts: string[] = [];
  for (let at = bytes.indexOf(wanted); at >= 0; ) {
    const end = bytes.indexOf('\n', at);
    if (end < 0) break;
    texts.push(bytes.toString('utf8', bytes.lastIndexOf('\n', at) + 1, end));
    at = bytes.indexOf(wanted, end);
  }
  const lines: Omit<LogLine, 'sequence'>[] = [];
  while (texts.length > 0 && lines.length < maxLines) {
    const line = parsedLine(texts.pop()!, tunnel);
    if (line && line.atMs < beforeMs) lines.unshift(line);
  }
  return lines;
}

function parsedLine(text: string, tunnel: string): Omit<LogLine, 'sequence'> | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const written = writtenSchema.safeParse(value);
  if (!written.success) return undefined;
  const { time, level, event, tunnel: of, ...fields } = written.data;
  // Its name may stand in what is said of another.
  return of === tunnel ? { atMs: Date.parse(time), level, event, fields } : undefined;
}
