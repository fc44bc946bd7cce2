import { Search } from 'lucide-react';
import type { KeyboardEvent, RefObject } from 'react';
import { KeyHint } from './key-hint.tsx';

export interface SearchFieldProps {
  /** What is searched: its name, as nothing stands above it. */
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly field: RefObject<HTMLInputElement | null>;
  /** Down from the search, or Escape of an empty one: into the list. */
  readonly onLeave: () => void;
}

/** Finds in what is listed below it. `/` leads to it, Escape empties it. */
export function SearchField({ label, value, onChange, field, onLeave }: SearchFieldProps) {
  const keyed = (event: KeyboardEvent) => {
    if (event.key === 'Escape' && value) onChange('');
    else if (event.key === 'ArrowDown' || event.key === 'Escape') onLeave();
    else return;
    event.preventDefault();
  };
  return (
    <label className="flex h-7 min-w-0 flex-1 items-center gap-2 rounded border border-line bg-ground px-2 focus-within:border-accent">
      <Search size={14} className="shrink-0 text-muted" aria-hidden />
      <input
        ref={field}
        type="text"
        aria-label={label}
        placeholder="Search"
        spellCheck={false}
        value={value}
        onChange={({ currentTarget }) => onChange(currentTarget.value)}
        onKeyDown={keyed}
        className="min-w-0 flex-1 bg-transparent outline-none"
      />
      <KeyHint keys="/" />
    </label>
  );
}
