import type { WrittenProblem } from './form-fields.ts';

/** What stands at one line of the text. */
export interface ProblemLine {
  readonly line: number;
  /** The text of the line, cut where the first problem begins. */
  readonly before: string;
  /** From there on. */
  readonly after: string;
  readonly problems: readonly WrittenProblem[];
}

/** Line by line; a problem beyond the end stands at the last one. */
export function problemLines(text: string, problems: readonly WrittenProblem[]): ProblemLine[] {
  const lines = text.split('\n');
  const last = Math.max(1, text.endsWith('\n') ? lines.length - 1 : lines.length);
  return lines.map((content, index) => {
    const line = index + 1;
    const here = problems.filter((problem) => Math.min(Math.max(1, problem.line), last) === line);
    const from = here.length > 0 ? Math.min(...here.map(({ column }) => column)) - 1 : content.length;
    const at = Math.max(0, Math.min(from, content.length));
    return { line, before: content.slice(0, at), after: content.slice(at), problems: here };
  });
}

/** Where a line and column, from 1, are in the text. */
export function offsetOf(
  text: string,
  { line, column }: { readonly line: number; readonly column: number },
): number {
  const lines = text.split('\n');
  const index = Math.max(0, Math.min(line - 1, lines.length - 1));
  const start = lines.slice(0, index).reduce((sum, content) => sum + content.length + 1, 0);
  return start + Math.max(0, Math.min(column - 1, lines[index]!.length));
}

/** Whether there is a comment, which the daemon is not given: it writes values into the file and keeps the file's own comments. */
export function hasComment(text: string): boolean {
  return /(^|\s)#/m.test(text);
}
