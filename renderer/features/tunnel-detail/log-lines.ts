import { LogLineReader } from '../../../src/client/log-line-parts.ts';
import { timeWords } from '../../../src/client/tunnel-words.ts';
import type { LogLine } from '../../../src/contract/control-tunnel.ts';
import { stateGlyph } from '../../../src/contract/shown-state.ts';
import type { ShownState } from '../../../src/contract/tunnel-state.ts';
import { wordsOf } from '../../state/search-words.ts';

/** As many as the daemon keeps. */
export const maxLogLines = 1_000;

/** A line as it is shown and searched. */
export interface ShownLine {
  readonly sequence: number;
  readonly atMs: number;
  readonly level: LogLine['level'];
  readonly shown: ShownState | undefined;
  readonly words: string;
  readonly facts: readonly { readonly name: string; readonly words: string }[];
  /** All of it in small letters. */
  readonly searched: string;
}

export const logLevels = ['All', 'Warnings'] as const;
export type LogLevel = (typeof logLevels)[number];

export interface LogQuery {
  readonly search: string;
  readonly level: LogLevel;
}

/** A tunnel's newest lines, read in order. */
export class LogLines {
  readonly #reader = new LogLineReader();
  #lines: readonly ShownLine[] = [];

  /** Oldest first. A new array for each change. */
  get all(): readonly ShownLine[] {
    return this.#lines;
  }

  add(lines: readonly LogLine[]): void {
    if (lines.length === 0) return;
    const read = lines.map((line) => this.#shown(line));
    this.#lines = [...this.#lines, ...read].slice(-maxLogLines);
  }

  #shown(line: LogLine): ShownLine {
    const { sequence, atMs, level } = line;
    const { shown, words, facts } = this.#reader.read(line);
    const searched = [shown, words, ...facts.map(({ name, words }) => `${name}=${words}`)]
      .join(' ')
      .toLowerCase();
    return { sequence, atMs, level, shown, words, facts, searched };
  }
}

/** The newest first. */
export function foundLines(lines: readonly ShownLine[], { search, level }: LogQuery): ShownLine[] {
  const words = wordsOf(search);
  return lines
    .filter(
      (line) =>
        (level === 'All' || line.level === 'warn') && words.every((word) => line.searched.includes(word)),
    )
    .reverse();
}

/** As a file or a colleague gets them: the oldest first, one to a line, as the command line prints them. */
export function logText(newestFirst: readonly ShownLine[]): string {
  return newestFirst.toReversed().map(lineText).join('\n');
}

function lineText({ atMs, level, shown, words, facts }: ShownLine): string {
  const state = shown && [`${stateGlyph[shown]} ${shown}`, words].filter(Boolean).join(' · ');
  const warned = level === 'warn' ? 'warn ' : '';
  const more = facts.map((fact) => ` ${fact.name}=${fact.words}`).join('');
  return `${timeWords(atMs)} ${state ?? `${warned}${words}${more}`}`;
}
