import { LogLineReader } from '../client/log-line-parts.ts';
import { timeWords } from '../client/tunnel-words.ts';
import type { LogLine } from '../contract/control-tunnel.ts';
import { type Colors, paintedGlyph } from './paint.ts';

/** Reads the lines of one tunnel's log, the oldest first. */
export class LogLineWords {
  readonly #colors: Colors;
  readonly #reader = new LogLineReader();

  constructor(colors: Colors) {
    this.#colors = colors;
  }

  /** 2026-11-20 14:03:12 ● ready · postgres-0 is a new pod, 7f3a, was 2c98 · node-1 · gap 3.1 s */
  of(line: LogLine): string {
    const { dim, yellow } = this.#colors;
    const { shown, words, facts } = this.#reader.read(line);
    const time = dim(timeWords(line.atMs));
    if (shown)
      return `${time} ${[`${paintedGlyph(shown, this.#colors)} ${shown}`, words].filter(Boolean).join(' · ')}`;
    const warned = line.level === 'warn' ? yellow('warn ') : '';
    return `${time} ${warned}${words}${facts.map((fact) => ` ${dim(`${fact.name}=`)}${fact.words}`).join('')}`;
  }
}
