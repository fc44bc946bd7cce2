import { Minus, Plus } from 'lucide-react';
import type { ReactNode } from 'react';

export interface ValueDiffProps {
  readonly label: string;
  readonly children: ReactNode;
}

/** Values that differ, one below the other: what each is called, as it was, and as it is. */
export function ValueDiff({ label, children }: ValueDiffProps) {
  return (
    <dl
      aria-label={label}
      className="flex flex-col divide-y divide-line overflow-hidden rounded border border-line bg-ground"
    >
      {children}
    </dl>
  );
}

export interface DiffEntryProps {
  readonly path: string;
  readonly before?: string | undefined;
  readonly after?: string | undefined;
  /** What it means, where that has to be seen. */
  readonly mark?: ReactNode;
}

export function DiffEntry({ path, before, after, mark }: DiffEntryProps) {
  return (
    <div className="grid grid-cols-[minmax(0,200px)_minmax(0,1fr)] gap-x-4 px-3 py-1.5 max-[719px]:grid-cols-1">
      <dt className="flex flex-wrap content-start items-center gap-x-2 wrap-anywhere text-muted">
        {path}
        {mark}
      </dt>
      <dd className="mono min-w-0">
        {before !== undefined && (
          <span className="flex items-start gap-1.5 text-muted">
            <Minus size={12} aria-hidden className="mt-1 shrink-0" />
            <span className="sr-only">before: </span>
            <del className="min-w-0 wrap-anywhere">{plain(before)}</del>
          </span>
        )}
        {after !== undefined && (
          <span className="flex items-start gap-1.5">
            <Plus size={12} aria-hidden className="mt-1 shrink-0 text-accent" />
            <span className="sr-only">{before === undefined ? 'new: ' : 'now: '}</span>
            <ins className="min-w-0 wrap-anywhere no-underline">{plain(after)}</ins>
          </span>
        )}
      </dd>
    </div>
  );
}

/** Of canonical JSON: a text without its quotes, unless it would look like something else without them. */
function plain(json: string): string {
  const text = /^"([^"\\]*)"$/.exec(json)?.[1];
  return text === undefined || text !== text.trim() || isJson(text) ? json : text;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return text === '';
  }
}
