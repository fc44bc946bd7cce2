import { useId, useRef } from 'react';
import { classNames } from '../../components/class-names.ts';
import type { WrittenProblem } from './form-fields.ts';
import { hasComment, offsetOf, problemLines } from './text-lines.ts';

export interface YamlEditorProps {
  readonly text: string;
  readonly problems: readonly WrittenProblem[];
  /** Absent: it is only to be read. */
  readonly onChange?: (text: string) => void;
}

/** The text with numbered lines, and what is wrong at its line and column. */
export function YamlEditor({ text, problems, onChange }: YamlEditorProps) {
  const area = useRef<HTMLTextAreaElement>(null);
  const id = useId();
  const lines = problemLines(text, problems);
  const goTo = (problem: WrittenProblem) => {
    const at = offsetOf(text, problem);
    area.current?.focus();
    area.current?.setSelectionRange(at, at);
  };
  return (
    <div className="flex min-w-0 flex-col gap-2">
      <div
        className={classNames(
          'relative flex overflow-x-auto rounded border focus-within:outline-2 focus-within:outline-offset-1 focus-within:outline-accent',
          onChange ? 'border-edge bg-surface' : 'border-line bg-ground',
        )}
      >
        <ol
          aria-hidden
          className="mono sticky left-0 z-10 shrink-0 border-r border-line bg-ground py-2 select-none"
        >
          {lines.map(({ line, problems: here }) => (
            <li
              key={line}
              className={classNames(
                'h-5 min-w-9 border-l-2 px-2 text-right leading-5',
                here.length > 0 ? 'border-needs font-semibold text-needs' : 'border-transparent text-muted',
              )}
            >
              {line}
            </li>
          ))}
        </ol>
        <div className="relative min-w-0 flex-1">
          <textarea
            ref={area}
            aria-label="YAML"
            aria-invalid={problems.length > 0}
            aria-describedby={`${id}-problems`}
            readOnly={!onChange}
            rows={onChange ? Math.max(lines.length, 8) : lines.length}
            wrap="off"
            spellCheck={false}
            autoCapitalize="off"
            autoComplete="off"
            value={text}
            onChange={({ currentTarget }) => onChange?.(currentTarget.value)}
            className="mono block w-full min-w-full resize-none overflow-hidden bg-transparent px-3 py-2 leading-5 whitespace-pre outline-none field-sizing-content"
          />
          <div aria-hidden className="mono pointer-events-none absolute top-0 left-0 px-3 py-2 leading-5">
            {lines.map(({ line, before, after, problems: here }) => (
              <div key={line} className="h-5 whitespace-pre">
                {here.length > 0 && (
                  <>
                    <span className="invisible">{before}</span>
                    <span className="inline-block h-5 min-w-2 border-b-2 border-dotted border-needs align-top">
                      <span className="invisible">{after}</span>
                    </span>
                  </>
                )}
              </div>
            ))}
          </div>
        </div>
      </div>
      <div id={`${id}-problems`} role="status" aria-label="Problems">
        <ul className="flex flex-col">
          {problems.map((problem) => (
            <li key={`${problem.line}:${problem.column} ${problem.message}`}>
              <button
                type="button"
                onClick={() => goTo(problem)}
                className="flex w-full items-baseline gap-3 rounded-sm px-2 py-1 text-left hover:bg-hover"
              >
                <span className="mono w-11 shrink-0 text-right text-needs">{`${problem.line}:${problem.column}`}</span>
                <span className="min-w-0 wrap-anywhere">{problem.message}</span>
              </button>
            </li>
          ))}
        </ul>
      </div>
      {onChange && hasComment(text) && (
        <p className="text-sm text-muted">
          Comments are not saved from here. Those in your file stay; write new ones there.
        </p>
      )}
    </div>
  );
}
