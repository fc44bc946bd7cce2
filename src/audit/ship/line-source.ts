import { hashOf, readFrame } from '../audit-line.ts';
import { type LogFile, logFiles } from '../log-files.ts';
import { readLines } from '../read-lines.ts';

export interface NextLines {
  readonly lines: readonly string[];
  /** Of the last line. */
  readonly seq: number;
  readonly hash: string;
  /** Number of the first line. */
  readonly firstSeq: number;
}

const maxLines = 1_000;
const maxBytes = 1024 * 1024;

/** Reads a log on from a place, some lines at a time; remembers where in the files that was. */
export class LineSource {
  readonly #folder: string;
  #file = '';
  #offset = 0;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Lines with numbers above `after`, up to `to`; undefined where there are none. */
  async next(after: number, to: number): Promise<NextLines | undefined> {
    for (const file of await logFiles(this.#folder)) {
      if (file.name < this.#file) continue;
      if (file.name > this.#file) {
        this.#file = file.name;
        this.#offset = 0;
      }
      const found = await this.#inFile(file, after, to);
      if (found) return found;
    }
    return undefined;
  }

  async #inFile(file: LogFile, after: number, to: number): Promise<NextLines | undefined> {
    const lines: string[] = [];
    let [firstSeq, seq, bytes] = [0, 0, 0];
    for await (const { text, offset } of readLines(file.path, { from: this.#offset })) {
      for (let at = 0; at < text.length; ) {
        const end = text.indexOf('\n', at);
        const line = text.substring(at, end < 0 ? text.length : end);
        const frame = readFrame(line);
        const isFull = lines.length === maxLines || (lines.length > 0 && bytes + line.length > maxBytes);
        if (end < 0 || isFull || (frame && frame.seq > to)) return nextLines(lines, firstSeq, seq);
        at = end + 1;
        this.#offset = offset + at;
        // A line that is none is the matter of verify.
        if (!frame || frame.seq <= after) continue;
        if (lines.length === 0) firstSeq = frame.seq;
        seq = frame.seq;
        bytes += line.length;
        lines.push(line);
      }
    }
    return nextLines(lines, firstSeq, seq);
  }

  /** Back to the beginning: what was read did not arrive. */
  rewind(): void {
    this.#file = '';
    this.#offset = 0;
  }
}

function nextLines(lines: readonly string[], firstSeq: number, seq: number): NextLines | undefined {
  const last = lines.at(-1);
  return last === undefined ? undefined : { lines, firstSeq, seq, hash: hashOf(last) };
}
